"""The course of a game, with a session that says what the test wrote."""

from __future__ import annotations

import pytest
from loresmith.check.file import compile_source
from loresmith.diagnostics.failure import Rejected
from loresmith.engine.request import Refusal, Rules
from loresmith.generate.sampling import Sampling
from loresmith.ir.scenario import Result
from loresmith.lower.conversation import lower_scenario
from loresmith.play.game import MOST_STEPS, RESULT, Ended, Event, Forgotten, Game, Told
from loresmith.play.scenario_file import scenario_text
from loresmith.render.prompt import render_prompt

from tests.play.scripted import VOCABULARY, ScriptedSession, party_scenario


def game_with(*answers: str, room: int = 1_000_000) -> tuple[Game, ScriptedSession]:
    session = ScriptedSession(*answers, room=room)
    return Game(party_scenario(), session, Rules(VOCABULARY), Sampling(), seed=5), session


def told(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Told))


def outcomes(events: list[Event]) -> list[str]:
    return [
        event.text if isinstance(event, Result) else event.kind
        for event in events
        if isinstance(event, (Result, Refusal))
    ]


def health(game: Game) -> int | None:
    return game.moment.state.listed[0].health


def test_results_come_back_as_in_training() -> None:
    game, session = game_with("You duck. [health: player, -3]", "It hurts.")
    events = list(game.answer("I wait."))
    assert told(events) == "You duck. [health: player, -3]It hurts."
    assert outcomes(events) == ["<TOOLCALL>health: 24 - 3 = *21*</TOOLCALL>"]
    assert health(game) == 21
    saved = scenario_text(game.played(), "x.md", VOCABULARY)
    assert "\n\nYou duck. [health: player, -3]\n\n<TOOLCALL>" in saved
    compiled = compile_source("x.md", saved.encode(), VOCABULARY)
    assert compiled.scenario is not None
    assert not compiled.findings
    messages = lower_scenario(compiled.scenario, VOCABULARY).messages
    trained = [render_prompt(session.family, messages[:number], reply_next=True) for number in (2, 4)]
    assert session.prompts == trained


def test_words_come_one_by_one() -> None:
    game, _ = game_with("Rain.")
    events = game.answer("I look up.")
    assert [next(events), next(events)] == [Told("R"), Told("a")]


def test_a_reply_has_a_last_step() -> None:
    game, session = game_with(*["[rest: short]"] * 9)
    assert len(outcomes(list(game.answer("We sleep.")))) == MOST_STEPS
    session._answers = ["Morning."]
    list(game.answer("And now?"))
    assert session.prompts[-1].count("rest: short rest taken") == MOST_STEPS
    assert (
        "<start_of_turn>user\n<TOOLCALL>rest: short rest taken</TOOLCALL>\n\nAnd now?" in session.prompts[-1]
    )


def test_undo_takes_state_and_words_back() -> None:
    game, session = game_with("[health: player, -3]", "Ouch.", "[gold: player, -5]", "Paid.", "Fine.")
    list(game.answer("One."))
    after_one = game.moment
    list(game.answer("Two."))
    assert game.moment.state.listed[0].gold == 25
    assert game.undo() == "Two."
    assert game.moment is after_one
    list(game.answer("Three."))
    assert "Two." not in session.prompts[-1]
    assert game.undo() == "Three."
    assert game.undo() == "One."
    assert health(game) == 24
    assert game.undo() is None


def test_the_same_words_again_get_another_seed() -> None:
    game, session = game_with("A.", "B.")
    list(game.answer("I go."))
    game.undo()
    list(game.answer("I go."))
    assert session.prompts[0] == session.prompts[1]
    assert session.seeds[0] != session.seeds[1]


def test_refused_calls_are_told_to_the_model_and_not_saved() -> None:
    game, session = game_with("[health: dragon, -3] Hm. [fly: up]", "So be it.", "[roll: ]", "", "Well.")
    events = list(game.answer("I strike."))
    assert outcomes(events) == ["stranger", "unknown tool"]
    assert "<TOOLCALL>health: nobody named dragon is here</TOOLCALL>" in session.prompts[1]
    list(game.answer("Again."))
    list(game.answer("On."))
    saved = scenario_text(game.played(), "x.md", VOCABULARY)
    assert "dragon" not in saved
    assert "fly" not in saved
    assert "Again." not in saved
    assert "Hm. So be it." in saved
    compiled = compile_source("x.md", saved.encode(), VOCABULARY)
    assert compiled.scenario is not None
    assert len(compiled.scenario.turns) == 4
    assert not compiled.findings


def test_words_around_calls_keep_their_distance() -> None:
    game, _ = game_with(
        "A [fly: up] goblin([roll: stealth]), then [rest: short].", "Well.", "Oh[fly: up]no.", "Ah."
    )
    list(game.answer("I wait."))
    list(game.answer("And now?"))
    saved = scenario_text(game.played(), "x.md", VOCABULARY)
    assert "\n\nA goblin([roll: stealth]), then [rest: short].\n\n" in saved
    assert "\n\nOh no. Ah.\n" in saved


def test_a_turn_that_isnt_saved_has_shown_nobody() -> None:
    game, _ = game_with(
        "[fly: up]", "", "[health: wyvern, -3] It howls.", "Hm.", "A wyvern! [health: wyvern, -3]", ""
    )
    list(game.answer("I look for the wyvern."))
    assert outcomes(list(game.answer("I strike."))) == ["stranger"]
    assert outcomes(list(game.answer("Now?")))[0].startswith("<TOOLCALL>health: ")
    assert not compile_source(
        "x.md", scenario_text(game.played(), "x.md", VOCABULARY).encode(), VOCABULARY
    ).findings


def test_one_creature_with_and_without_its_article() -> None:
    calls = ("goblin, -1", "the goblin, -1", "Goblin, -1")
    game, _ = game_with("A goblin! " + " ".join(f"[health: {call}]" for call in calls), "It reels.")
    found = outcomes(list(game.answer("I strike thrice.")))
    totals = [int(text.partition("*")[2].partition("*")[0]) for text in found]
    assert totals == [totals[0], totals[0] - 1, totals[0] - 2]
    assert not compile_source(
        "x.md", scenario_text(game.played(), "x.md", VOCABULARY).encode(), VOCABULARY
    ).findings


def test_a_context_that_fills_up_within_a_reply_keeps_what_was_told() -> None:
    game, session = game_with("You duck. [health: player, -3]", "Never asked for.")
    session.at[0] = lambda: setattr(session, "context", len(session.prompts[0]))
    list(game.answer("I wait."))
    assert health(game) == 21
    assert "You duck." in scenario_text(game.played(), "x.md", VOCABULARY)


def test_another_answer_takes_the_place_of_the_last_unless_there_is_none() -> None:
    game, session = game_with("[health: player, -3]", "Ouch.", "[health: player, -1]", "Oh.", "Lost.")
    assert not game.can_go_back
    list(game.answer("I wait."))
    list(game.answer_again())
    assert health(game) == 23
    stands = game.moment
    session.context = 10
    with pytest.raises(Rejected):
        list(game.answer_again())
    assert game.moment is stands
    assert game.undo() == "I wait."
    assert not game.can_go_back


def test_a_creature_in_the_same_message_is_met() -> None:
    game, _ = game_with("[health: ogre, -3] The ogre howls.", "It runs.")
    assert outcomes(list(game.answer("I throw a stone.")))[0].startswith("<TOOLCALL>health: ")


def test_the_model_may_not_answer_itself() -> None:
    game, _ = game_with("Done.")
    assert RESULT in game.sampling.stops


def test_the_oldest_turns_are_forgotten_first() -> None:
    game, session = game_with("One.", "Two.", "Three.", "Four.")
    list(game.answer("First."))
    session.context = len(session.prompts[0]) + 120
    events: list[Event] = []
    for words in ("Second.", "Third."):
        events += list(game.answer(words))
    assert [event for event in events if isinstance(event, Forgotten)] == [Forgotten(1)]
    assert "First." not in session.prompts[-1]
    assert "Second." in session.prompts[-1]
    assert "- Lyra (player)" in session.prompts[-1]
    assert "First." in scenario_text(game.played(), "x.md", VOCABULARY)


def test_what_never_fits_is_refused_and_changes_nothing() -> None:
    game, _ = game_with("One.", room=10)
    before = game.moment
    with pytest.raises(Rejected, match="more than the context of 10"):
        list(game.answer("First."))
    assert game.moment is before


def test_a_stopped_reply_is_kept_as_far_as_it_came() -> None:
    game, session = game_with("[rest: long] And then the sun goes up again.", "Never said.")
    session.at[20] = game.stop
    events = list(game.answer("We rest."))
    assert told(events) == "[rest: long] And the"
    assert Ended("interrupted") in events
    assert health(game) == 28
    assert len(session.prompts) == 1
