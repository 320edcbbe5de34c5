"""True model files asked, with and without the grammar, and the files that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.diagnostics.failure import Failure, InvalidCall, Rejected
from loresmith.lower.conversation import Conversation, Message
from loresmith.validate.answers import Answer, Prompt, Timing, prompts_of
from loresmith.validate.ask import Asking, replies_of
from loresmith.validate.evaluate import Evaluated, evaluate
from loresmith.validate.few_shot import SHOTS, with_examples
from loresmith.validate.judgement import judge
from loresmith.validate.metrics import repeats, strange_names
from loresmith.validate.speed import speed_of
from loresmith.validate.worker import SEQUENCES

from tests.play.chain_model import write_chain_model
from tests.validate.answered import VOCABULARY


def conversation(name: str, *replies: str, call: str = "[roll: perception]") -> Conversation:
    messages = [Message(role="system", content="You are the DM.")]
    for reply in replies:
        calls = (call,) if call in reply else ()
        messages += [
            Message(role="user", content="I look."),
            Message(role="assistant", content=reply, expected_calls=calls),
        ]
    return Conversation(
        id=name, path=f"{name}.md", category="social", split="test", weight=1.0, party=("Lyra",),
        messages=tuple(messages),
    )  # fmt: skip


PROMPTS = prompts_of(
    [
        conversation("one", "You look round. [roll: perception]", "Nothing."),
        conversation("two", "You squint. [roll: perception]"),
    ]
)


def scored(scenarios: list[list[Prompt]]) -> Asking:
    return Asking(max_new_tokens=24, turned=[() for part in scenarios for _ in part])


def asked(
    model: Path, prompts: list[Prompt] = PROMPTS, limit: int = 24, *, constrained: bool = False
) -> Evaluated:
    return evaluate("m", model, prompts, VOCABULARY, limit, 0, lambda _done: None, constrained=constrained)


def test_a_model_that_always_says_the_same_is_judged(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    evaluated = asked(model)
    scores = evaluated.scores
    assert (scores.exact, scores.false_call, scores.parsed, scores.ended) == (1.0, 1.0, 1.0, 1.0)
    assert evaluated.judgements[0].answer == "You look round. [roll: perception]"
    assert evaluated.speed.tokens_per_second > 0
    assert evaluated.speed.prompt_tokens_per_second > 0
    assert evaluated.speed.memory_bytes > model.stat().st_size


def answered(model: Path, prompts: list[Prompt], limit: int = 24) -> list[Answer]:
    replies = replies_of(model, prompts, Asking(limit), lambda _: None)
    return [reply.answer for reply in replies if reply.answer]


def test_what_a_prompt_shares_with_the_one_before_is_not_counted_as_read(tmp_path: Path) -> None:
    alone = PROMPTS[:2]
    answers = answered(write_chain_model(tmp_path / "chain.gguf"), [*alone, alone[-1]])
    read = [answer.timing.read_tokens for answer in answers if answer.timing]
    assert read[0] == len(answers[0].rendered_ids)
    assert 0 < read[1] < len(answers[1].rendered_ids)
    assert read[2] == 1


def test_the_first_scenario_is_asked_alone_and_only_its_answers_are_timed(tmp_path: Path) -> None:
    others = prompts_of([conversation("three", "It rains."), conversation("four", "It snows.")])
    answers = answered(write_chain_model(tmp_path / "chain.gguf"), [*PROMPTS[:2], *others])
    assert [bool(answer.timing) for answer in answers] == [True, True, False, False]


def test_scenarios_asked_together_get_the_answers_and_costs_that_each_gets_alone(tmp_path: Path) -> None:
    """More of them than are asked at once, of different lengths, in four ways."""
    model = write_chain_model(tmp_path / "chain.gguf")
    scenarios = [
        prompts_of([conversation(f"s{number}", *["It rains. " * (number % 4 * 30 + 1)] * (number % 3 + 1))])
        for number in range(2 * SEQUENCES + 3)
    ]
    together = replies_of(model, [p for part in scenarios for p in part], scored(scenarios), lambda _: None)
    alone = [r for part in scenarios for r in replies_of(model, part, scored([part]), lambda _: None)]
    assert [r.answer.text for r in together if r.answer] == [r.answer.text for r in alone if r.answer]
    costs = [[cost.nats for reply in replies for cost in reply.costs] for replies in (together, alone)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-3)
    assert len({round(cost) for cost in costs[0]}) == 4


def test_speed_is_of_all_answers_that_were_asked_alone() -> None:
    def answer(timing: Timing | None) -> Answer:
        return Answer(text="", ended=True, tokens=11, timing=timing, rendered="", rendered_ids=(), native="")

    def timing(prompt: float, rest: float, memory: int) -> Timing:
        return Timing(read_tokens=50, prompt_seconds=prompt, seconds=rest, memory_bytes=memory)

    timed = [timing(1.0, 2.0, 7), timing(3.0, 3.0, 9), timing(2.0, 1.0, 8), None]
    speed = speed_of([answer(one) for one in timed])
    assert (speed.first_token_seconds, speed.prompt_tokens_per_second) == (2.0, 25.0)
    # Ten tokens behind the first and the one that ends it, three times in six seconds.
    assert (speed.tokens_per_second, speed.memory_bytes, speed.tokens) == (5.5, 9, 44)


def test_the_grammar_allows_only_calls_of_the_vocabulary(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "wrong.gguf", ("You", "▁look.", "▁[rol", ":▁", "perception", "]"))
    assert asked(model).scores.parsed == 0.0
    held = asked(model, constrained=True)
    assert all(not judged.invalid for judged in held.judgements)
    assert all(judged.answer.startswith("You look. [rol") for judged in held.judgements)


def test_the_grammar_leaves_a_right_answer_as_it_is(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    assert asked(model, constrained=True).judgements == asked(model).judgements


def test_under_the_grammar_a_call_is_closed_where_the_limit_cuts_it(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    cut, closed = (asked(model, limit=5, constrained=constrained) for constrained in (False, True))
    assert {judged.answer for judged in cut.judgements} == {"You look round. [roll: "}
    assert cut.scores.parsed == 0.0
    assert {judged.answer for judged in closed.judgements} == {"You look round. [roll: perception]"}
    assert closed.scores.parsed == 1.0
    assert not any(judged.ended for judged in closed.judgements)


def test_under_the_grammar_a_call_that_never_closes_is_left_out(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf", ("You", "▁[move", ":▁", "a", "way"), endless=True)
    assert asked(model).scores.parsed == 0.0
    held = asked(model, constrained=True)
    assert {judged.answer for judged in held.judgements} == {"You "}
    assert held.scores.parsed is None
    assert held.scores.failures["malformed"] == 0


def test_each_of_several_scenarios_is_at_its_own_place_in_the_grammar(tmp_path: Path) -> None:
    """The scenarios differ in length, so that some are asked while others are within a call."""
    model = write_chain_model(tmp_path / "chain.gguf")
    lengths = [1, 30, 60, 1, 90, 30]
    many = prompts_of([conversation(f"s{n}", *["It rains. " * many] * 2) for n, many in enumerate(lengths)])
    held, free = (asked(model, many, constrained=constrained) for constrained in (True, False))
    assert held.judgements == free.judgements
    assert {judged.answer for judged in held.judgements} == {"You look round. [roll: perception]"}


@pytest.mark.parametrize(
    ("made", "says"),
    [("missing", "no such model file"), ("text", "isn't a GGUF"), ("cut", "damaged or cut short"),
     ("no template", "has no chat template")],
)  # fmt: skip
def test_files_that_cannot_be_asked(tmp_path: Path, made: str, says: str) -> None:
    file = tmp_path / "model.gguf"
    if made == "text":
        file.write_text("not a model")
    elif made == "cut":
        whole = write_chain_model(file).read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
    elif made == "no template":
        write_chain_model(file, template=None)
    with pytest.raises(Failure) as failed:
        asked(file)
    assert isinstance(failed.value, InvalidCall if made == "missing" else Rejected)
    assert says in f"{failed.value} {failed.value.remedy}"


def test_examples_stand_before_the_scene_and_one_has_no_call() -> None:
    trained = [
        conversation("a", "It's dark. [roll: perception]", "A crow laughs."),
        conversation("b", "It bites. [health: player, -1]", call="[health: player, -1]"),
        conversation("c", "Take it. [gold: player, +5]", call="[gold: player, +5]"),
        conversation("d", "You rest. [rest: long]", call="[rest: long]"),
    ]
    shown = with_examples(PROMPTS, trained)
    assert len(shown) == len(PROMPTS)
    examples = shown[0].messages[1 : 1 + 2 * SHOTS]
    assert shown[0].messages == (PROMPTS[0].messages[0], *examples, *PROMPTS[0].messages[1:])
    assert [bool(message.expected_calls) for message in examples[1::2]] == [True, True, True, False]
    assert with_examples(PROMPTS, trained) == shown


def test_examples_are_as_many_where_few_tools_are_called() -> None:
    rolls = [
        conversation(name, f"You look {name}. [roll: stealth]", call="[roll: stealth]") for name in "abcde"
    ]
    quiet = conversation("q", "You wait.")
    for trained, calling in (([*rolls, quiet], 3), (rolls, SHOTS), ([rolls[0], quiet], 1)):
        examples = with_examples(PROMPTS, trained)[0].messages[1:-1][1::2]
        assert sum(bool(message.expected_calls) for message in examples[: len(trained)]) == calling


def test_examples_are_no_part_of_the_scene() -> None:
    shown = with_examples(
        PROMPTS, [conversation("a", "You greet old Torvald at the mill gate now, as before.")]
    )
    assert all(
        len(after.messages) > len(before.messages) for after, before in zip(shown, PROMPTS, strict=True)
    )
    answer = Answer(
        text="You greet old Torvald at the mill gate now, as before.", ended=True, tokens=1, timing=None,
        rendered="", rendered_ids=(), native="",
    )  # fmt: skip
    judged = [judge(prompt, answer, VOCABULARY) for prompt in shown]
    assert all(strange_names(one) == ["Torvald"] and not repeats(one) for one in judged)


def test_the_same_questions_get_the_same_answers(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    first, second = asked(model), asked(model)
    assert (first.judgements, first.scores, first.fidelity) == (
        second.judgements, second.scores, second.fidelity,
    )  # fmt: skip
