"""Readable pairs: the calls of a game in tests/engine/cases, and what the engine answers to each."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from loresmith.check.file import compile_source
from loresmith.engine.execute import execute_written
from loresmith.engine.request import NOWHERE, Refusal, Rules
from loresmith.engine.state import Being, GameState, state_of
from loresmith.ir.scenario import Detail, DmTurn, Scenario
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.syntax.results import parse_result

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(path.stem for path in FOLDER.glob("*.calls"))
GAME = (
    "[rest: long]",
    "[health: Jorn, -7]",
    "[gold: player, -5]",
    "[inventory: Lyra, remove, arrow x3]",
    "[party: add, Mira]",
    "[move: the crypt]",
    "[quest: start, The Key]",
    "[condition: Lyra, add, prone]",
)


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, update_golden: bool) -> None:
    vocabulary = load_vocabulary(FOLDER / f"{case}.tools.yaml")
    against = re.search(r"against-(\d+)", case)
    rules = Rules(vocabulary, int(against[1]) if against else None)
    state, dice, lines = _state(vocabulary), random.Random(7), list[str]()
    for written in (FOLDER / f"{case}.calls").read_text(encoding="utf-8").splitlines():
        state, _, result = execute_written(state, written, dice, rules)
        refused = isinstance(result, Refusal)
        lines.append(f"{written}\n  {f'{result.kind}: {result.reason}' if refused else result.text}")
        said = result.result if refused else result
        assert parse_result(said.text[len("<TOOLCALL>") : -len("</TOOLCALL>")], 0).problem is None
    found = "\n".join(lines) + "\n"
    expected = FOLDER / f"{case}.expected"
    if update_golden:
        expected.write_text(found, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == found


def test_state_after_a_game() -> None:
    vocabulary = load_vocabulary()
    state, dice = _state(vocabulary), random.Random(7)
    for written in GAME:
        state, _, result = execute_written(state, written, dice, Rules(vocabulary))
        assert not isinstance(result, Refusal)
    lyra, jorn = state.listed
    assert (lyra.health, lyra.gold, lyra.conditions) == (28, 25, ("prone",))
    assert [item.text for item in lyra.items] == ["longbow", "arrow x17", "rope (50 ft)", "the silver key"]
    assert (jorn.health, jorn.conditions) == (20, ("poisoned",))
    assert [being.name for being in state.party] == ["Lyra", "Jorn Redbeard", "mira"]
    assert state.place == "the crypt"
    assert [(quest.name, quest.stage) for quest in state.quests] == [("The Key", "started")]


def test_a_party_of_one_may_leave_the_name_out() -> None:
    vocabulary = load_vocabulary()
    scenario = _scenario(vocabulary)
    alone = scenario.system.model_copy(update={"party": scenario.system.party[:1]})
    state, call, result = execute_written(
        state_of(alone), "[health: -5]", random.Random(1), Rules(vocabulary)
    )
    assert call and call.text == "[health: -5]"
    assert not isinstance(result, Refusal)
    assert result.text == "<TOOLCALL>health: 24 - 5 = *19*</TOOLCALL>"
    assert state.listed[0].health == 19


@pytest.mark.parametrize(
    ("inventory", "stated", "gold"),
    [
        ((), "3 pp, 40 gp", 40),
        ((), "1,200", 1200),
        ((), "2 sp 15 Gold", 15),
        ((), "", 0),
        (("longbow", "40 gp"), "", 40),
        (("gold coins x12",), "none", 0),
        (("gold coins x12",), "", 12),
    ],
)
def test_the_gold_of_a_sheet(inventory: tuple[str, ...], stated: str, gold: int) -> None:
    details = (Detail(name="Gold", value=stated, span=NOWHERE),) if stated else ()
    assert _lyra(inventory=inventory, details=details).gold == gold


def test_the_conditions_of_a_sheet_are_known_without_what_qualifies_them() -> None:
    detail = Detail(
        name="Conditions", value="Poisoned (1 hour, or a cure), exhaustion 2, prone", span=NOWHERE
    )
    assert _lyra(details=(detail,)).conditions == ("poisoned", "exhaustion", "prone")


def _lyra(**changed: object) -> Being:
    system = _scenario(load_vocabulary()).system
    lyra = system.party[0].model_copy(update=changed)
    return state_of(system.model_copy(update={"party": (lyra, *system.party[1:])})).listed[0]


def _scenario(vocabulary: Vocabulary) -> Scenario:
    scenario = compile_source("party.md", (FOLDER / "party.md").read_bytes(), vocabulary).scenario
    assert scenario is not None
    return scenario


def _state(vocabulary: Vocabulary) -> GameState:
    scenario = _scenario(vocabulary)
    opening = scenario.turns[-1]
    assert isinstance(opening, DmTurn)
    return state_of(scenario.system).hearing("".join(part.text for part in opening.parts))
