"""Code actions: the text that they make lacks the finding."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.language_server.editor import SYSTEM, TURN, Editor, applied

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCED = {
    "a call": "You look. [rol: perception] 🐉\n",
    "behind emoji": "🐉 [rol: perception]\n",
    "a comment that is there": "[rol: perception] [roll: percepton] <!-- noqa: SC302 -->\n",
    "a heading": "Hello.\n\n# Usre\n\nAye.\n",
}


@pytest.mark.parametrize("case", SILENCED)
async def test_silenced(editor: Editor, case: str) -> None:
    text = SYSTEM + TURN + SILENCED[case]
    uri = editor.open(text)
    found = await editor.found(uri)
    assert len(found) == 1
    action = await _silencing(editor, uri, found[0])
    assert action.title == f"Silence {found[0].code} on this line (noqa)"
    made = applied(text, _edits(action, uri))
    assert made.count("noqa") == 1
    editor.change(uri, made)
    assert await editor.found(uri) == []


async def test_silenced_in_the_whole_file(editor: Editor) -> None:
    text = SYSTEM.replace("## World\n\nThe Shattered Coast.\n\n", "") + TURN + "Yes.\n"
    uri = editor.open(text)
    found = await editor.found(uri)
    assert [one.code for one in found] == ["SC203"]
    action = await _silencing(editor, uri, found[0])
    assert action.title == "Silence SC203 in this file (noqa)"
    assert applied(text, _edits(action, uri)).startswith("# SYSTEM <!-- noqa: SC203 -->\n")


async def test_silenced_in_a_whole_file_with_front_matter(editor: Editor) -> None:
    front = "---\nid: here\n---\n\n"
    text = SYSTEM.replace("## World\n\nThe Shattered Coast.\n\n", "") + TURN + "Yes.\n"
    uri = editor.open(front + text)
    found = await editor.found(uri)
    assert [one.code for one in found] == ["SC203"]
    action = await _silencing(editor, uri, found[0])
    assert action.title == "Silence SC203 in this file (noqa)"
    assert applied(front + text, _edits(action, uri)).startswith(front + "# SYSTEM <!-- noqa: SC203 -->\n")


async def test_where_a_comment_would_be_text(editor: Editor) -> None:
    uri = editor.open("---\nsplit: tset\n---\n" + SYSTEM + TURN + "Yes.\n")
    found = await editor.found(uri)
    assert [one.code for one in found] == ["SC105"]
    assert [a for a in await editor.actions(uri, found[0].range) if "noqa" in a.title] == []


async def test_windows_line_ends(editor: Editor) -> None:
    text = (SYSTEM + TURN + "[rol: perception]\n").replace("\n", "\r\n")
    uri = editor.open(text)
    action = await _silencing(editor, uri, (await editor.found(uri))[0])
    # The edit is on one line: the test's editor may treat the \r as any other sign before the line's end.
    (edit,) = _edits(action, uri)
    assert edit.range.start == edit.range.end == types.Position(text.count("\n") - 1, 17)
    assert edit.new_text == " <!-- noqa: SC301 -->"


async def test_elsewhere_there_is_nothing_to_do(editor: Editor) -> None:
    uri = editor.open(SYSTEM + TURN + "[rol: perception]\n")
    start = types.Position(0, 0)
    assert [a for a in await editor.actions(uri, types.Range(start, start)) if "noqa" in a.title] == []


async def _silencing(editor: Editor, uri: str, found: types.Diagnostic) -> types.CodeAction:
    actions = [action for action in await editor.actions(uri, found.range) if "noqa" in action.title]
    assert len(actions) == 1
    assert list(actions[0].diagnostics or ()) == [found]
    return actions[0]


def _edits(action: types.CodeAction, uri: str) -> list[types.TextEdit]:
    assert action.edit is not None and action.edit.changes is not None
    return list(action.edit.changes[uri])


SUM = "[roll: perception]\n\n<TOOLCALL>perception: 🐉 3 + 5 = *9*</TOOLCALL>\n".replace("🐉 ", "")


async def test_a_finding_is_fixed(editor: Editor) -> None:
    text = f"{SYSTEM}{TURN}🐉 {SUM}"
    uri = editor.open(text)
    (found,) = await editor.found(uri)
    (fix,) = [a for a in await editor.actions(uri, found.range) if a.is_preferred]
    assert fix.title == "Write *8*"
    editor.change(uri, applied(text, _edits(fix, uri)))
    assert await editor.found(uri) == []


async def test_everything_in_a_file_is_fixed_at_once(editor: Editor) -> None:
    text = f"{SYSTEM}{TURN}🐉 [save: wisdom]\n\n<TOOLCALL>wisdom: 2 = *3*</TOOLCALL>\n\n{SUM}"
    uri = editor.open(text)
    whole = types.Range(types.Position(0, 0), types.Position(0, 0))
    (every,) = [a for a in await editor.actions(uri, whole) if a.title == "Fix all in this file"]
    assert str(every.kind) == "source.fixAll.loresmith"
    made = applied(text, _edits(every, uri))
    assert "[roll: wisdom save]" in made
    assert "*2*" in made
    editor.change(uri, made)
    assert await editor.found(uri) == []
    assert [a for a in await editor.actions(uri, whole) if a.title == every.title] == []
