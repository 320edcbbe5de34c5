"""Hover: tools, arguments, party members."""

from __future__ import annotations

import pytest

from tests.language_server.editor import SYSTEM, TURN, Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASES = {
    "a tool's name": (
        "You look. [ro¦ll: perception]",
        "roll",
        ["[roll: what, mode?]", "needed", "[save: …]"],
    ),
    "an alias": ("You duck. [sa¦ve: wisdom]", "save", ["[roll: what, mode?]"]),
    "a choice": ("You look. [roll: per¦ception]", "perception", ["`what`", "acrobatics", "2d6+3"]),
    "an alias's argument": ("You duck. [save: wis¦dom]", "wisdom", ["`what`"]),
    "an integer": ("It bites. [health: Lyra, -¦1]", "-1", ["`amount`", "with its sign"]),
    "a name": ("It bites. [health: Ly¦ra, -1]", "Lyra", ["Lyra Swift", "24/28", "`name`", "creature"]),
    "the player": ("It bites. [health: pla¦yer, -1]", "player", ["Lyra Swift", "perception +5"]),
    "somebody else": ("It bites. [health: Gob¦lin, -1]", "Goblin", ["`name`"]),
    "a full name in prose": ("Then Lyra Sw¦ift nods.", "Lyra Swift", ["Elf Ranger, level 3", "arrow x20"]),
    "a first name in prose": ("Then ly¦ra nods.", "lyra", ["Elf Ranger, level 3"]),
    "behind emoji": ("Ünder 🐉🐉 the arch 🗡 Bor¦in waits.", "Borin", ["Dwarf Cleric", "warhammer"]),
    "a call behind emoji": ("🐉 𝔇 ligatures ﬁ: [roll: ste¦alth]", "stealth", ["`what`"]),
}


@pytest.mark.parametrize("case", CASES)
async def test_hover(editor: Editor, case: str) -> None:
    text, word, pieces = CASES[case]
    hover = await editor.hover(SYSTEM + TURN + text + "\n")
    assert hover is not None and hover.range is not None
    page = getattr(hover.contents, "value", "")
    assert [piece for piece in pieces if piece not in page] == []
    line = text.replace("¦", "").encode("utf-16-le")
    inside = line[hover.range.start.character * 2 : hover.range.end.character * 2].decode("utf-16-le")
    assert inside == word


@pytest.mark.parametrize("text", ["You l¦ook.", "`[ro¦ll: perception]`", "[a li¦nk](x)", "Lyras¦ bow"])
async def test_nothing_to_say(editor: Editor, text: str) -> None:
    assert await editor.hover(SYSTEM + TURN + text + "\n") is None


async def test_a_member_on_the_sheet(editor: Editor) -> None:
    hover = await editor.hover((SYSTEM + TURN + "Yes.\n").replace("**Borin**", "**Bo¦rin**"))
    assert hover and "27/27" in getattr(hover.contents, "value", "")
