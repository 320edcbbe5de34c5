"""Free play: the model's own words, the engine's results."""

from __future__ import annotations

from pathlib import Path

from loresmith.validate.free_play import PlayedMessage, free_play_of, play_freely, played

from tests.play.chain_model import write_chain_model
from tests.play.scripted import VOCABULARY, ScriptedSession, party_scenario


def test_calls_are_carried_out_and_told_to_the_model() -> None:
    scenario = party_scenario()
    players = sum(turn.role == "user" for turn in scenario.turns)
    answers = ["You look. [roll: perception]", "Dust.", *["Nothing moves here."] * (players - 1)]
    session = ScriptedSession(*answers)
    messages = played(session, scenario, VOCABULARY, 1, 64)
    assert [message.text for message in messages] == answers
    assert (messages[0].carried_out, messages[0].refused) == (1, ())
    assert "<TOOLCALL>perception: " in session.prompts[1]
    assert all(not message.carried_out for message in messages[1:])


def test_a_call_that_cannot_be_carried_out_is_counted_by_its_reason() -> None:
    scenario = party_scenario()
    players = sum(turn.role == "user" for turn in scenario.turns)
    session = ScriptedSession("[dance: tango]", "[roll: ]", "Well.", *["Nothing."] * (players - 1))
    play = free_play_of(played(session, scenario, VOCABULARY, 1, 64))
    assert play.refusals == {"malformed": 1, "unknown tool": 1}
    assert (play.calls, play.done) == (2, 0.0)


def test_shares_and_repetition() -> None:
    def message(**values: object) -> PlayedMessage:
        return PlayedMessage.model_validate(
            {"scenario": "a", "text": "x", "ended": True, "again": False, **values}
        )

    play = free_play_of([message(carried_out=2), message(refused=("stranger",)), message(text="x" * 301)])
    assert (play.messages, play.calls) == (3, 3)
    assert (play.called, play.done, play.too_long) == (2 / 3, 0.5, 1 / 3)
    assert free_play_of([]).called is None


def test_the_same_seed_plays_the_same_game_with_a_true_model(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    scenarios = [party_scenario()]
    runs = [play_freely(model, scenarios, VOCABULARY, 3, 4096, 32, lambda _done: None) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0].calls > 0
    assert runs[0].done == 1.0
    assert runs[0].again is not None
