"""Whatever calls a game makes, the scenario that it becomes lints without a finding."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from loresmith.check.file import compile_source
from loresmith.engine.execute import execute_written
from loresmith.engine.request import Refusal, Rules
from loresmith.engine.state import state_of
from loresmith.format.source import format_text
from loresmith.ir.scenario import DmTurn, Part, Scenario, System, Text, Turn, UserTurn
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.play.scenario_file import scenario_text

from tests.engine.parties import NOWHERE, OPENING, calls, systems

VOCABULARY = load_vocabulary()
MARKS = (
    "# User",
    "**DM:** x",
    "<DM>",
    "```",
    "~~~",
    "~~~~ x",
    "[roll: x",
    "---",
    "<!--",
    "<TOOLCALL>",
    "[roll: 1d4]",
    "![",
    "# # User",
    "**# User**",
    "~~~ ~~~ x",
    "[# User",
    "- ~~~",
)
MEMBER = {
    "name": "Lyra",
    "player": True,
    "character_class": "Ranger",
    "level": 3,
    "health": 9,
    "max_health": 9,
}
SYSTEM = System.model_validate(
    {"role": "DM.", "world": "W.", "location": "L.", "party": ({**MEMBER, "span": NOWHERE},), "span": NOWHERE}
)
GAMES = st.lists(st.lists(calls(VOCABULARY), min_size=1, max_size=4), min_size=1, max_size=5)


@settings(max_examples=200, deadline=None)
@given(
    system=systems(), game=GAMES, seed=st.integers(0, 99), difficulty=st.one_of(st.none(), st.integers(1, 30))
)
def test_every_game_lints(system: System, game: list[list[str]], seed: int, difficulty: int | None) -> None:
    dice, rules = random.Random(seed), Rules(VOCABULARY, difficulty)
    state = state_of(system).hearing(OPENING)
    turns: list[Turn] = []
    for number, step in enumerate(game):
        parts: list[Part] = [Text(text=OPENING, span=NOWHERE)]
        results: list[Part] = []
        for written in step:
            before = state
            state, call, result = execute_written(state, written, dice, rules)
            if isinstance(result, Refusal):
                assert state is before and result.reason
            elif call:
                parts.append(call)
                results.append(result)
        turns += [UserTurn(text=f"Go on {number}.", span=NOWHERE)]
        turns += [DmTurn(parts=(*parts, *results), span=NOWHERE)]
    assert _found(system, tuple(turns)) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=40) | st.sampled_from(MARKS), max_size=6))
def test_no_text_opens_anything(pieces: list[str]) -> None:
    # Short enough for the app, which the checker would name too.
    text = "\n".join(("You wait.", *pieces))
    dm = DmTurn(parts=(Text(text=text, span=NOWHERE),), span=NOWHERE)
    turns = (UserTurn(text=text, span=NOWHERE), dm)
    assert _found(SYSTEM, turns) == []


def _found(system: System, turns: tuple[Turn, ...]) -> list[str]:
    made = Scenario(path="x.md", id="x", category="combat", split="train", system=system, turns=turns)
    written = scenario_text(made, "x.md", VOCABULARY)
    assert format_text("x.md", written, VOCABULARY).text == written
    compiled = compile_source("x.md", written.encode(), VOCABULARY)
    assert compiled.scenario is not None, (written, compiled.findings)
    assert len(compiled.scenario.turns) == len(turns), written
    return [f"{found.code} {found.message}\n{written}" for found in compiled.findings]
