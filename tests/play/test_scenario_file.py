"""A played game as a scenario file: nothing that was said or that a sheet says keeps it from being saved."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from loresmith.check.file import compile_source
from loresmith.diagnostics.failure import InvalidCall
from loresmith.engine.request import Rules
from loresmith.format.meaning import meaning_of
from loresmith.generate.sampling import Sampling
from loresmith.ir.scenario import Call, DmTurn, Scenario
from loresmith.play.commands import Commands
from loresmith.play.game import Game
from loresmith.play.scenario_file import scenario_text
from loresmith.play.screen import Screen
from rich.console import Console

from tests.play.scripted import PARTY, VOCABULARY, ScriptedSession, party_scenario

MARKED = ["[# Lyra", "# # User", "# # Lyra", "~~~ # User", "**# User**", "~~~ ~~~ x", "**~~~", "- ~~~", "**~**~~",
          "** # User", "\\# User", "`# User", "<!-- # DM", "**# User** go"]  # fmt: skip


def saved(said: str, *answers: str, scene: Scenario | None = None) -> Scenario:
    """The game of one turn, saved and read again; lint finds nothing in it."""
    game = Game(scene or party_scenario(), ScriptedSession(*answers), Rules(VOCABULARY), Sampling(), seed=1)
    list(game.answer(said))
    text = scenario_text(game.played(), "x.md", VOCABULARY)
    compiled = compile_source("x.md", text.encode(), VOCABULARY)
    assert compiled.scenario is not None, (text, compiled.findings)
    assert not compiled.findings, text
    return compiled.scenario


@pytest.mark.parametrize("marked", MARKED)
def test_marks_open_nothing_wherever_they_stand(marked: str) -> None:
    within = saved("I look.", f"Well. [roll: stealth]\n{marked}\nYou see.", "Ok.")
    first = saved(marked, f"{marked}\nWell.")
    assert [len(scene.turns) for scene in (within, first)] == [2, 2]


@pytest.mark.parametrize(
    "behind", ["(A creak.)", ": You look.", "[x]", "[x]: y", "(", ":", " (A creak.)", "!"]
)
@pytest.mark.parametrize("before", ["You look. ", "", "Hah!", "You look.\n"])
def test_what_stands_around_a_call_makes_no_link_of_it(before: str, behind: str) -> None:
    scene = saved("I look.", f"{before}[roll: perception]{behind}", "Ok.")
    reply = scene.turns[-1]
    assert isinstance(reply, DmTurn)
    assert [part.text for part in reply.parts if isinstance(part, Call)] == ["[roll: perception]"]


def test_whoever_is_told_with_marks_is_saved_with_the_same_name() -> None:
    scene = saved("I hit it.", "The `<b>gryllmox</b>` turns. [health: gryllmox, -1]", "It bleeds.")
    assert "gryllmox" in text_of(scene)
    tagged = saved("I hit the g<rylm>ox.", "It turns. [health: gox, -1]", "Ok.")
    assert "[health: gox, -1]" in text_of(tagged)


def text_of(scene: Scenario) -> str:
    """What the DM says in a scene, calls included."""
    return " ".join(part.text for turn in scene.turns if isinstance(turn, DmTurn) for part in turn.parts)


SHEETS = [
    ["Race: Elf", "Class: Ranger: archer"],
    ["Race: Elf, wood", "Class: Ranger"],
    ["Race: Elf", "Class: Ranger, level 9"],
    ["Race: Elf of the Wood", "Class: hungry"],
    ["Race: Elf (wood)", "Class: Ranger / Rogue"],
]


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_is_saved_as_it_was(sheet: list[str]) -> None:
    old = "- **Lyra** (player): Elf Ranger, level 5\n"
    text = PARTY.read_text(encoding="utf-8")
    assert old in text
    lines = "".join(f"  - {line}\n" for line in sheet)
    text = text.replace(old, f"- **Lyra** (player): level 5\n{lines}")
    scene = compile_source("x.md", text.encode(), VOCABULARY).scenario
    assert scene is not None
    again = saved("I look.", "You look.", scene=scene)
    assert meaning_of(again)["system"] == meaning_of(scene)["system"]


def test_a_file_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    monkeypatch.setenv("HOME", str(home))
    game = Game(party_scenario(), ScriptedSession("You look."), Rules(VOCABULARY), Sampling(), seed=1)
    list(game.answer("I look."))
    commands = Commands(game, Screen(Console(file=io.StringIO())), root)
    commands.run("/save ~/games/x.md")
    assert "You look." in (home / "games" / "x.md").read_text(encoding="utf-8")
    assert not root.exists()
    with pytest.raises(InvalidCall, match="No file can be written there"):
        commands.run("/save ~nobody-of-that-name/x.md")
