"""An editor for the tests: opens documents of a project and asks the server about the place of a cursor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types
from pytest_lsp import LanguageClient

CURSOR = "¦"
PATIENCE = 30.0
"""Seconds that an answer may take before the test fails."""

SYSTEM = """\
# SYSTEM

## Role

You are the Dungeon Master.

## World

The Shattered Coast.

## Location

A flooded crypt.

## Party

- **Lyra Swift** (player): Elf Ranger, level 3
  - Health: 24/28
  - Inventory: longbow, arrow x20, rope (50 ft)
  - Skills: perception +5
- **Borin**: Dwarf Cleric, level 3
  - Health: 27/27
  - Inventory: warhammer

"""
TURN = "# User\n\nI look around.\n\n# DM\n\n"


@dataclass
class Editor:
    """The client's side: `documents` holds what is open, by URI."""

    client: LanguageClient
    project: Path
    documents: dict[str, types.VersionedTextDocumentIdentifier] = field(default_factory=dict)

    def uri(self, name: str) -> str:
        """The URI of a file of the project."""
        return (self.project / name).as_uri()

    def open(self, text: str, name: str = "ai-training/scenarios/combat/open.md") -> str:
        """Open a document with a text; gives its URI."""
        uri = self.uri(name)
        self.client.diagnostics.pop(uri, None)
        self.documents[uri] = types.VersionedTextDocumentIdentifier(version=1, uri=uri)
        item = types.TextDocumentItem(uri=uri, language_id="markdown", version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        """Make the text of an open document another one."""
        self.client.diagnostics.pop(uri, None)
        self.documents[uri].version += 1
        document = types.VersionedTextDocumentIdentifier(self.documents[uri].version, uri)
        changes = [types.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, changes))

    def close(self, uri: str) -> None:
        """Close a document."""
        self.client.diagnostics.pop(uri, None)
        self.documents.pop(uri)
        document = types.TextDocumentIdentifier(uri)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    async def found(self, uri: str) -> list[types.Diagnostic]:
        """What the server finds in a document, once it says so."""
        async with asyncio.timeout(PATIENCE):
            while uri not in self.client.diagnostics:
                await asyncio.sleep(0.005)
        return list(self.client.diagnostics[uri])

    async def codes(self, uri: str) -> list[str]:
        """The codes of what the server finds in a document."""
        return [str(found.code) for found in await self.found(uri)]

    async def hover(self, marked: str) -> types.Hover | None:
        """The hover at the mark in a text."""
        uri, position = self._at(marked)
        return await self.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(uri), position)
        )

    async def completion(self, marked: str) -> list[types.CompletionItem]:
        """The completions at the mark in a text."""
        uri, position = self._at(marked)
        params = types.CompletionParams(types.TextDocumentIdentifier(uri), position)
        answer = await self.client.text_document_completion_async(params)
        assert isinstance(answer, types.CompletionList)
        return list(answer.items)

    async def actions(self, uri: str, place: types.Range) -> list[types.CodeAction]:
        """The code actions for a range, those of the whole file included."""
        context = types.CodeActionContext(diagnostics=[])
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), place, context)
        answer = await self.client.text_document_code_action_async(params)
        return [action for action in answer or () if isinstance(action, types.CodeAction)]

    async def symbols(self, uri: str) -> list[types.DocumentSymbol]:
        """The outline of a document."""
        params = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
        answer = await self.client.text_document_document_symbol_async(params)
        return [symbol for symbol in answer or () if isinstance(symbol, types.DocumentSymbol)]

    async def formatted(self, uri: str) -> list[types.TextEdit] | None:
        """The edits that format a document."""
        options = types.FormattingOptions(tab_size=2, insert_spaces=True)
        params = types.DocumentFormattingParams(types.TextDocumentIdentifier(uri), options)
        answer = await self.client.text_document_formatting_async(params)
        return None if answer is None else list(answer)

    def _at(self, marked: str) -> tuple[str, types.Position]:
        before, mark, after = marked.partition(CURSOR)
        assert mark, "the text has no cursor"
        return self.open(before + after), position_after(before)


def position_after(before: str) -> types.Position:
    """The position, in UTF-16 code units, of a cursor behind a text."""
    last = before.rpartition("\n")[2]
    return types.Position(before.count("\n"), len(last.encode("utf-16-le")) // 2)


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """The text with edits applied as an editor does, the last one first."""
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        start, end = (_offset(text, position) for position in (edit.range.start, edit.range.end))
        text = text[:start] + edit.new_text + text[end:]
    return text


def _offset(text: str, position: types.Position) -> int:
    """The offset of a position in UTF-16 code units."""
    lines = text.split("\n")
    line = lines[position.line].encode("utf-16-le")[: position.character * 2].decode("utf-16-le")
    return sum(len(line) + 1 for line in lines[: position.line]) + len(line)
