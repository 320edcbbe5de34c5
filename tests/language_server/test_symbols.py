"""The outline: sections, fields, members, turns and their calls."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.language_server.editor import SYSTEM, TURN, Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = (
    SYSTEM
    + TURN
    + "🐉 You kneel. [roll: perception]\n\n<TOOLCALL>perception: 9 + 5(skill) = *14*</TOOLCALL>\n\n"
    + "# Innkeeper\n\nAye. [rest: long]\n"
)
EXPECTED = """\
SYSTEM:
  Role: You are the Dungeon Master.
  World: The Shattered Coast.
  Location: A flooded crypt.
  Party: - **Lyra Swift** (player): Elf Ranger, level 3 - Health: 24/
    Lyra Swift: Ranger 3
    Borin: Cleric 3
User: I look around.
DM: 🐉 You kneel. [roll: perception] <TOOLCALL>perception: 9 + 5(
  [roll: perception]
Innkeeper: Aye. [rest: long]
  [rest: long]
"""


async def test_the_outline(editor: Editor) -> None:
    symbols = await editor.symbols(editor.open(TEXT))
    assert "".join(map(_shown, symbols)) == EXPECTED


async def test_ranges(editor: Editor) -> None:
    symbols = await editor.symbols(editor.open(TEXT))
    reply = symbols[2]
    call = (reply.children or [])[0]
    assert (call.range.start.character, call.range.end.character) == (14, 32)
    lines = [(s.range.start.line, s.selection_range.end.line, s.range.end.line) for s in symbols]
    assert lines == [(0, 0, 22), (24, 24, 26), (28, 28, 32), (34, 34, 36)]


async def test_a_text_without_sections(editor: Editor) -> None:
    assert await editor.symbols(editor.open("Hello [roll: ")) == []


def _shown(symbol: types.DocumentSymbol, indent: str = "") -> str:
    detail = f": {symbol.detail}" if symbol.detail else "" if symbol.detail is None else ":"
    children = "".join(_shown(child, indent + "  ") for child in symbol.children or ())
    return f"{indent}{symbol.name}{detail}\n{children}"
