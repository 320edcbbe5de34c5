"""Free play: the model's own words, the engine's results."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.check.file import compile_source
from loresmith.diagnostics.failure import Rejected
from loresmith.emit.gbnf import emit_gbnf
from loresmith.emit.party import Party
from loresmith.generate.sampling import GREEDY
from loresmith.generate.session import open_session
from loresmith.validate.free_play import PlayedGame, PlayedMessage, free_play_of, play_freely, played

from tests.play.chain_model import write_chain_model
from tests.play.scripted import PARTY, VOCABULARY, ScriptedSession, party_scenario


def test_calls_are_carried_out_and_told_to_the_model() -> None:
    scenario = party_scenario()
    players = sum(turn.role == "user" for turn in scenario.turns)
    answers = ["You look. [roll: perception]", "Dust.", *["Nothing moves here."] * (players - 1)]
    session = ScriptedSession(*answers)
    messages = played(session, scenario, VOCABULARY, 1, GREEDY).messages
    assert [message.text for message in messages] == answers
    assert (messages[0].carried_out, messages[0].refused) == (1, ())
    assert "<TOOLCALL>perception: " in session.prompts[1]
    assert all(not message.carried_out for message in messages[1:])


def test_a_call_that_cannot_be_carried_out_is_counted_by_its_reason() -> None:
    scenario = party_scenario()
    players = sum(turn.role == "user" for turn in scenario.turns)
    session = ScriptedSession("[dance: tango]", "[roll: ]", "Well.", *["Nothing."] * (players - 1))
    play = free_play_of([played(session, scenario, VOCABULARY, 1, GREEDY)])
    assert play.refusals == {"malformed": 1, "unknown tool": 1}
    assert (play.calls, play.done, play.parsed) == (2, 0.0, 0.0)


def test_what_the_app_shows_of_a_message_is_measured_without_its_calls() -> None:
    scenario = party_scenario()
    players = sum(turn.role == "user" for turn in scenario.turns)
    session = ScriptedSession("x" * 20 + " [roll: perception]", "x" * 21, *["No."] * (players - 1))
    messages = played(session, scenario, VOCABULARY, 1, GREEDY, most_characters=20).messages
    assert [message.too_long for message in messages] == [False, True, *[False] * (players - 1)]


def test_a_message_that_a_stop_string_cuts_doesnt_end_by_itself() -> None:
    scenario = party_scenario()
    session = ScriptedSession(*["Well."] * 9, end="stop")
    game = played(session, scenario, VOCABULARY, 1, GREEDY)
    assert not any(message.ended for message in game.messages)


def test_a_model_that_fails_isnt_taken_for_a_full_context() -> None:
    session = ScriptedSession("Well.")
    session.at = {0: _fails}
    with pytest.raises(Rejected, match="llama"):
        played(session, party_scenario(), VOCABULARY, 1, GREEDY)


def test_a_full_context_ends_a_scenario_and_nothing_else() -> None:
    scenario = party_scenario()
    players = sum(turn.role == "user" for turn in scenario.turns)
    game = played(ScriptedSession(room=10), scenario, VOCABULARY, 1, GREEDY)
    assert game == PlayedGame(messages=(), unplayed=players)
    assert free_play_of([game]).unplayed == players


def test_what_is_answered_without_the_oldest_turns_is_counted() -> None:
    once = party_scenario()
    scenario = once.model_copy(update={"turns": once.turns * 3})
    whole = ScriptedSession(*["Well."] * 3)
    played(whole, scenario, VOCABULARY, 1, GREEDY)
    short = ScriptedSession(*["Well."] * 3, room=max(map(len, whole.prompts)) - 1)
    game = played(short, scenario, VOCABULARY, 1, GREEDY)
    assert [message.forgotten for message in game.messages] == [False, False, True]
    assert free_play_of([game]).forgotten == 1


def _fails() -> None:
    raise Rejected("llama.cpp ended")


def test_under_the_grammar_a_wrong_call_cant_be_made(tmp_path: Path) -> None:
    wrong = ("You", "▁look", "▁round.", "▁[rol", ":▁", "perception", "]")
    model = write_chain_model(tmp_path / "chain.gguf", wrong)
    plays = [
        play_freely(
            model, [party_scenario()], VOCABULARY, 3, 4096, 32, lambda _done: None, constrained=constrained
        )
        for constrained in (False, True)
    ]
    assert "unknown tool" in plays[0].refusals
    assert not {"unknown tool", "malformed", "wrong arguments"} & set(plays[1].refusals)


def test_under_the_grammar_a_call_comes_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    begun = ("You", "▁call", "▁[mov", "e:▁", *(f"far{number}▁" for number in range(52)))
    model = write_chain_model(tmp_path / "chain.gguf", begun)
    scenario = party_scenario()
    sampling = GREEDY.model_copy(
        update={"max_new_tokens": 8, "grammar": emit_gbnf(VOCABULARY, Party(size=2))}
    )
    with open_session(model, 4096) as session:
        messages = played(session, scenario, VOCABULARY, 1, sampling).messages
    assert {message.text.strip() for message in messages} == {"You call"}


def test_the_opening_said_again_is_a_repetition() -> None:
    opening = "The wind drags cold ash over the broken stairs of the abbey."
    source = PARTY.read_text().replace("# User\n", f"# DM\n\n{opening}\n\n# User\n", 1)
    scenario = compile_source("scenarios/combat/party.md", source.encode(), VOCABULARY).scenario
    assert scenario is not None
    players = sum(turn.role == "user" for turn in scenario.turns)
    game = played(ScriptedSession(opening, *["Well."] * players), scenario, VOCABULARY, 1, GREEDY)
    assert game.messages[0].again


def test_shares_and_repetition() -> None:
    def message(**values: object) -> PlayedMessage:
        return PlayedMessage.model_validate(
            {
                "scenario": "a", "text": "x", "ended": True, "too_long": False, "again": False,
                "forgotten": False, **values,
            }
        )  # fmt: skip

    messages = (message(carried_out=2), message(refused=("stranger",)), message(too_long=True))
    play = free_play_of([PlayedGame(messages=messages)])
    assert (play.scenarios, play.messages, play.calls) == (1, 3, 3)
    assert (play.called, play.done, play.too_long) == (2 / 3, 0.5, 1 / 3)
    assert (play.parsed, play.distinct_1, play.distinct_2) == (1.0, 1 / 3, None)
    assert free_play_of([]).called is None


def test_the_same_seed_plays_the_same_game_with_a_true_model(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    scenarios = [party_scenario()]
    runs = [
        play_freely(model, scenarios, VOCABULARY, 3, 4096, 32, lambda _done: None, constrained=False)
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert runs[0].calls > 0
    assert runs[0].done == 1.0
    assert runs[0].again is not None


def test_the_seed_decides_what_the_dice_give() -> None:
    def game(seed: int) -> list[str]:
        scenario = party_scenario()
        session = ScriptedSession(*["[roll: perception]", "Dust."] * 9)
        played(session, scenario, VOCABULARY, seed, GREEDY)
        return session.prompts

    assert game(1) == game(1)
    assert len({tuple(game(seed)) for seed in range(5)}) > 1
