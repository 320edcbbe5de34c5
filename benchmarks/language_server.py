"""Measures `loresmith lsp`: `python benchmarks/language_server.py [--write] [--rounds N]`.

A client starts the server and types into scenarios of about 2 KB, 20 KB and 200 KB, each time another text. Measured is
what the editor waits for: from sending the change to the findings of that text, and from a question to its answer.
The server's own start is the time from starting the process to its answer to `initialize`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path
from random import Random

import psutil
from corpus import scenario_text
from lsprotocol import types
from page import put_table
from pygls.lsp.client import LanguageClient

SIZES = (2_000, 20_000, 200_000)
README = Path(__file__).with_name("README.md")
BEGIN, END = (
    "<!-- language server: written by benchmarks/language_server.py -->\n",
    "<!-- end of language server -->\n",
)
HEAD = ("| text | what | median ms | 95% below, ms | longest, ms |", "|---|---|---|---|---|")


def main() -> None:
    """Print the table; `--write` puts it in the README."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    parser.add_argument("--rounds", type=int, default=200, help="how often each is measured")
    asked = parser.parse_args()
    table = "\n".join([_machine(), "", *HEAD, *asyncio.run(_rows(asked.rounds)), ""])
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


async def _rows(rounds: int) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "ai-training" / "scenarios" / "combat"
        folder.mkdir(parents=True)
        starts = [await _started(_Editor(folder)) for _ in range(5)]
        rows = [_row("", "start", starts)]
        editor = _Editor(folder)
        await editor.start()
        for size in SIZES:
            text = _text(size)
            measured = await editor.measured(text, max(10, min(rounds, rounds * 20_000 // size)))
            rows += [
                _row(f"{len(text.encode()) / 1000:.1f} KB", what, taken) for what, taken in measured.items()
            ]
        await editor.stop()
    return rows


async def _started(editor: _Editor) -> float:
    begin = time.perf_counter()
    await editor.start()
    taken = time.perf_counter() - begin
    await editor.stop()
    return taken


class _Editor:
    """A client with one document."""

    def __init__(self, folder: Path) -> None:
        self.client = LanguageClient("benchmark", "1")
        self.uri = (folder / "typed.md").as_uri()
        self.version = 0
        self.published: dict[int, float] = {}

        def note(params: types.PublishDiagnosticsParams) -> None:
            if params.version is not None:
                self.published[params.version] = time.perf_counter()

        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(note)

    async def start(self) -> None:
        """Start the server, up to its answer to `initialize`."""
        await self.client.start_io(sys.executable, "-m", "loresmith", "lsp")
        await self.client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
        self.client.initialized(types.InitializedParams())

    async def stop(self) -> None:
        """End the server properly."""
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    async def measured(self, text: str, rounds: int) -> dict[str, list[float]]:
        """Seconds by what was measured."""
        self.version += 1
        item = types.TextDocumentItem(self.uri, "markdown", self.version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self._found()
        keys, answers = list[float](), dict[str, list[float]]()
        for number in range(rounds):
            typed = f"{text}\n\nThen {number} of them turn. [roll: per"
            keys.append(await self._typed(typed))
            for what, ask in self._questions(typed).items():
                begin = time.perf_counter()
                await ask()
                answers.setdefault(what, []).append(time.perf_counter() - begin)
        document = types.TextDocumentIdentifier(self.uri)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))
        return {"a key: findings": keys} | answers

    async def _typed(self, text: str) -> float:
        self.version += 1
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        changes = [types.TextDocumentContentChangeWholeDocument(text)]
        begin = time.perf_counter()
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, changes))
        await self._found()
        return self.published[self.version] - begin

    async def _found(self) -> None:
        while self.version not in self.published:
            await asyncio.sleep(0.0005)

    def _questions(self, text: str) -> dict[str, Callable[[], Awaitable[object]]]:
        document = types.TextDocumentIdentifier(self.uri)
        end = types.Position(text.count("\n"), len(text.rpartition("\n")[2]))
        call = types.Position(end.line, end.character - len("l: per"))
        context = types.CodeActionContext(diagnostics=[])
        action = types.CodeActionParams(document, types.Range(end, end), context)
        ask = self.client
        return {
            "completion": lambda: ask.text_document_completion_async(types.CompletionParams(document, end)),
            "hover": lambda: ask.text_document_hover_async(types.HoverParams(document, call)),
            "outline": lambda: ask.text_document_document_symbol_async(types.DocumentSymbolParams(document)),
            "code actions": lambda: ask.text_document_code_action_async(action),
        }


def _text(size: int) -> str:
    """A scenario of about so many bytes: the turns of one over and over."""
    text = scenario_text(Random(1), with_defect=False)
    turns = text[text.index("# User") :]
    return text + turns * max(0, round((size - len(text)) / len(turns)))


def _row(text: str, what: str, taken: list[float]) -> str:
    high = statistics.quantiles(taken, n=20, method="inclusive")[-1]
    cells = (statistics.median(taken), high, max(taken))
    return f"| {text} | {what} | " + " | ".join(f"{seconds * 1000:.1f}" for seconds in cells) + " |"


def _machine() -> str:
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {metadata.version(name)}" for name in ("pygls", "lsprotocol", "lark", "pydantic")]
    load = os.getloadavg()[0]
    return (
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {load:.1f} at the end; {'; '.join(versions)}"
    )


if __name__ == "__main__":
    main()
