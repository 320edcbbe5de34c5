"""Whether a model listens to results: opposite results, and what replies cost."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from loresmith.lower.conversation import Conversation, Message
from loresmith.validate.answers import Prompt, prompts_of
from loresmith.validate.fidelity import (
    fidelity,
    opposite_ledger,
    opposite_result,
    turned_round,
    turned_rounds,
)

from tests.play.chain_model import write_chain_model


@pytest.mark.parametrize(
    ("result", "opposite"),
    [
        ("stealth: 15 + 5(skill) = *20* vs DC 15 success", "stealth: 4 + 5(skill) = *9* vs DC 15 failure"),
        ("stealth: 4 + 5(skill) = *9* vs DC 15 failure", "stealth: 15 + 5(skill) = *20* vs DC 15 success"),
        ("attack: 12 + 4(skill) = *16* vs AC 16 hit", "attack: 11 + 4(skill) = *15* vs AC 16 miss"),
        ("arcana: 9 - 1 = *8* vs DC 12 failure", "arcana: 16 - 1 = *15* vs DC 12 success"),
        ("arcana: 20 + 9 = *29* vs DC 10 success", None),
        ("stealth: 15 + 5 = *20*", None),
        ("1d8+3: 1d8[4] + 3 = *7*", None),
        ("health: 24 - 1 = *23*", None),
        ("inventory: brass key added", None),
    ],
)
def test_the_opposite_of_a_result(result: str, opposite: str | None) -> None:
    assert opposite_result(result) == opposite
    if opposite:
        assert opposite_result(opposite) == result


def test_a_failure_by_its_other_word_has_an_opposite() -> None:
    turned = opposite_result("stealth: 11 + 5 = *16* vs DC 17 failed")
    assert turned == "stealth: 12 + 5 = *17* vs DC 17 success"


@pytest.mark.parametrize(
    ("result", "opposite"),
    [
        ("health: 24 - 5 = *19*", "health: 5 - 5 = *0*"),
        ("Lyra: 24 - 5 = *19*", "Lyra: 5 - 5 = *0*"),
        ("health: 5 - 5 = *0*", "health: 12 - 5 = *7*"),
        ("health: 3 - 8 = *0*", "health: 15 - 8 = *7*"),
        ("Health: 24 - 5(cold) = 19", "Health: 5 - 5(cold) = 0"),
        ("health: 24 - 2d6[3, 4] = *17*", None),
        ("health: 12 + 7 = *19*", None),
        ("gold: 24 - 5 = *19*", None),
        ("health: the goblin falls", None),
    ],
)
def test_the_opposite_of_a_ledger(result: str, opposite: str | None) -> None:
    assert opposite_ledger(result, {"health", "lyra"}) == opposite


def test_a_wound_may_be_labelled_by_whom_it_hits() -> None:
    called = Message(role="assistant", content="It bites.", expected_calls=("[health: Lyra, -4]",))
    prompt = prompts("It bites.", "You fall over.", result="Lyra: 9 - 4 = *5*")[1]
    hit = prompt.model_copy(update={"messages": (*prompt.messages[:-2], called, prompt.messages[-1])})
    assert "ledgers" in turned_rounds([hit])[0]
    assert "ledgers" not in turned_rounds([prompt])[0]
    spelled = called.model_copy(update={"expected_calls": ("[health: LYRA_, -4]",)})
    same = prompt.model_copy(update={"messages": (*prompt.messages[:-2], spelled, prompt.messages[-1])})
    assert "ledgers" in turned_rounds([same])[0]
    paid = called.model_copy(update={"expected_calls": ("[health: Lyra, -4]", "[gold: Lyra, -4]")})
    either = prompt.model_copy(update={"messages": (*prompt.messages[:-2], paid, prompt.messages[-1])})
    assert "ledgers" not in turned_rounds([either])[0]


def prompts(
    *replies: str, result: str = "stealth: 15 + 5(skill) = *20* vs DC 15 success", said: str = ""
) -> list[Prompt]:
    """A scenario in which the first reply answers the player and each later one a result, behind which the player may
    have `said` something."""
    messages = [Message(role="system", content="You are the DM."), Message(role="user", content="I hide.")]
    for number, reply in enumerate(replies):
        if number:
            messages.append(Message(role="user", content=f"<TOOLCALL>{result}</TOOLCALL>{said}"))
        messages.append(Message(role="assistant", content=reply))
    return prompts_of(
        [Conversation(id="a", path="a.md", category="social", split="test", weight=1.0, party=("Lyra",),
                      messages=tuple(messages))]
    )  # fmt: skip


def test_only_a_prompt_that_ends_with_a_result_is_turned_round() -> None:
    first, second = prompts("You hide.", "Nobody sees you.")
    assert turned_round(first, opposite_result) is None
    assert turned_round(second, lambda text: opposite_ledger(text, {"health"})) is None
    other = turned_round(second, opposite_result)
    assert other is not None
    assert other.messages[-1].content == "<TOOLCALL>stealth: 4 + 5(skill) = *9* vs DC 15 failure</TOOLCALL>"
    assert other.messages[:-1] == second.messages[:-1]


def test_a_model_finds_its_own_words_likely_and_one_that_does_not_listen_is_not_faithful(
    tmp_path: Path,
) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    said = "You look round. [roll: perception]"
    own = fidelity(model, prompts(said, said), lambda _done: None)
    other = fidelity(model, prompts("Rain falls.", "A dog barks."), lambda _done: None)
    assert own.perplexity < 0.9 * other.perplexity
    assert (own.replies, own.outcomes.replies, own.outcomes.share) == (2, 1, 0.0)
    assert (own.ledgers.replies, own.ledgers.share) == (0, None)


def test_the_last_result_that_has_an_opposite_is_turned_round() -> None:
    two = "health: 9 - 4 = *5*</TOOLCALL>\n\n<TOOLCALL>condition: prone added"
    prompt = prompts("It bites.", "You fall over.", result=two)[1]
    other = turned_round(prompt, lambda text: opposite_ledger(text, {"health"}))
    assert other is not None
    assert other.messages[-1].content == f"<TOOLCALL>{two.replace('9 - 4 = *5*', '4 - 4 = *0*')}</TOOLCALL>"


def test_a_reply_to_what_the_player_said_since_is_not_scored() -> None:
    prompt = prompts("You hide.", "Nobody sees you.", said="\n\nI wait.")[1]
    assert turned_round(prompt, opposite_result) is None


def test_reading_on_from_a_shared_beginning_changes_no_score(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    asked = prompts("You look round.", "Rain falls.", "You look round.")
    together = fidelity(model, asked, lambda _done: None).perplexity
    alone = [math.log(fidelity(model, [one], lambda _done: None).perplexity) for one in asked]
    assert min(alone) <= math.log(together) <= max(alone)
    assert fidelity(model, [asked[1]] * 3, lambda _done: None).perplexity == pytest.approx(math.exp(alone[1]))
