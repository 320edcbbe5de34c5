"""Half-typed and hostile text, impossible requests: the server answers, and goes on."""

from __future__ import annotations

from random import Random

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.language_server.editor import SYSTEM, TURN, Editor, position_after

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHOLE = SYSTEM + TURN + "🐉 You kneel. [roll: perception]\n\n<TOOLCALL>perception: 9 + 5 = *14*</TOOLCALL>\n"
FRAGMENTS = (
    *(
        "",
        "#",
        "# ",
        "---",
        "---\n",
        "[",
        "[roll",
        "[roll: ",
        "<TOOLCALL>",
        "```",
        "<!--",
        "|",
        "- **",
        "\\",
        "\x00",
    ),
    *("\ufeff", "\r", "🐉", '[roll: "', "# SYSTEM\n## Party\n- ", "# SYSTEM\n## Party\n|a|\n|", "[[[[[["),
)


async def _ask_everything(editor: Editor, text: str, position: types.Position) -> None:
    uri = editor.open(text)
    document = types.TextDocumentIdentifier(uri)
    client = editor.client
    place = types.Range(position, position)
    context = types.CodeActionContext(diagnostics=[])
    await editor.found(uri)
    await client.text_document_hover_async(types.HoverParams(document, position))
    await client.text_document_completion_async(types.CompletionParams(document, position))
    await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
    await client.text_document_code_action_async(types.CodeActionParams(document, place, context))
    editor.close(uri)
    await editor.found(uri)


@pytest.mark.parametrize("text", FRAGMENTS)
async def test_fragments(editor: Editor, text: str) -> None:
    await _ask_everything(editor, text, position_after(text.replace("\r", "\n")))


async def test_every_prefix(editor: Editor) -> None:
    for end in range(0, len(WHOLE), 7):
        await _ask_everything(editor, WHOLE[:end], position_after(WHOLE[:end]))


async def test_damaged_text(editor: Editor) -> None:
    chance = Random(7)
    for _ in range(60):
        signs = list(WHOLE)
        for _ in range(chance.randrange(1, 9)):
            signs[chance.randrange(len(signs))] = chance.choice('[]#<>*:=|`-\n"\\ 🐉')
        position = types.Position(chance.randrange(60), chance.randrange(80))
        await _ask_everything(editor, "".join(signs), position)


@pytest.mark.parametrize(("line", "character"), [(0, 10**6), (10**6, 0), (29, 10**6), (10**6, 10**6)])
async def test_positions_outside_the_text(editor: Editor, line: int, character: int) -> None:
    await _ask_everything(editor, WHOLE, types.Position(line, character))


async def test_half_a_character(editor: Editor) -> None:
    uri = editor.open(SYSTEM + TURN + "\udc09 [rol: perception]\n")
    found = await editor.found(uri)
    assert [(one.code, one.range.start.character) for one in found] == [("SC301", 3)]


async def test_a_failing_request(editor: Editor) -> None:
    missing = types.TextDocumentIdentifier(editor.uri("ai-training/scenarios/nowhere.md"))
    with pytest.raises(JsonRpcException):
        await editor.client.text_document_hover_async(types.HoverParams(missing, types.Position(0, 0)))
    with pytest.raises(JsonRpcException):
        await editor.client.protocol.send_request_async("textDocument/nonsense", {})
    uri = editor.open("")
    assert [one.code for one in await editor.found(uri)] == ["SC101"]


async def test_documents_that_have_no_file(editor: Editor) -> None:
    document = types.TextDocumentItem("untitled:Untitled-1", "markdown", 1, "# SYSTEM\n")
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(document))
    params = types.HoverParams(types.TextDocumentIdentifier(document.uri), types.Position(0, 3))
    assert await editor.client.text_document_hover_async(params) is None
