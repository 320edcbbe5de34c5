"""Formatting: the whole text in canonical form, or nothing."""

from __future__ import annotations

import pytest
from loresmith.format.source import format_text
from loresmith.ir.vocabulary import load_vocabulary

from tests.language_server.editor import SYSTEM, TURN, Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOSE = SYSTEM + TURN + "🐉 You kneel. [check: Perception]\n\n\n<toolcall>perception: 9+5 = 14</toolcall>\n"


async def test_a_text_is_replaced_by_its_canonical_form(editor: Editor) -> None:
    edits = await editor.formatted(editor.open(LOOSE))
    assert edits is not None
    assert len(edits) == 1
    expected = format_text("scenarios/x.md", LOOSE, load_vocabulary()).text
    assert edits[0].new_text == expected
    assert "[roll: perception]" in edits[0].new_text
    assert (edits[0].range.start.line, edits[0].range.start.character) == (0, 0)
    assert edits[0].range.end.line == LOOSE.count("\n")


@pytest.mark.parametrize("text", ["# SYSTEM\n\n# User\n", LOOSE.replace("# SYSTEM", "# SYSTEN", 1)])
async def test_a_text_with_errors_stays(editor: Editor, text: str) -> None:
    assert await editor.formatted(editor.open(text)) is None


async def test_a_canonical_text_stays(editor: Editor) -> None:
    canonical = format_text("scenarios/x.md", LOOSE, load_vocabulary()).text
    assert canonical is not None
    assert await editor.formatted(editor.open(canonical)) is None
