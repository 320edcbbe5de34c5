"""A source file to its syntax tree: lines are classified, Lark puts them together, its tree stays here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Tree
from lark.lexer import Lexer

from loresmith.diagnostics.diagnostic import Findings
from loresmith.resources import shipped_folder
from loresmith.syntax.lines import LineClassifier, LineToken
from loresmith.syntax.marks import source_lines
from loresmith.syntax.opaque import Region, Shadows, cast_shadows, comment_around
from loresmith.syntax.party import names_of_player, written_members
from loresmith.syntax.source import Source
from loresmith.syntax.tree import (
    Document,
    Field,
    Head,
    IgnoredSection,
    Range,
    ResultSection,
    SystemSection,
    TurnSection,
)

_FENCE = re.compile(r"---[ \t]*(?:\n|$)")
_FRONT_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.M)
_BODY = frozenset({"TEXT", "BLANK", "RULE"})
MOST_COMMON_TERMINALS = 100
"""The trees of files with more are not kept: those are rarely alike, and their trees are large."""
_SYSTEM_LINE = re.compile(r"^(?:#{1,6}[ \t]+|<)system\b", re.M | re.I)


@dataclass(frozen=True)
class Parsed:
    """A document with what its elaboration reads texts from."""

    source: Source
    shadows: Shadows
    document: Document


def parse_document(source: Source, findings: Findings) -> Parsed:
    """The syntax tree of a file; every file has one, whatever is found in it."""
    front, start = _front_matter(source, findings)
    shadows = cast_shadows(source, start)
    lines = source_lines(source, shadows, start)
    classifier, document = _read(LineClassifier(source, lines), front, shadows)
    if players := _players(classifier.speakers, document, shadows):
        # Who the player is stands in SYSTEM, so the labels with the name are known only now.
        classifier, document = _read(LineClassifier(source, lines, players), front, shadows)
    for mark in classifier.unclosed:
        findings.add("SC103", source.span(mark.start, mark.end), f"<{mark.title}> is never closed.")
    for mark in classifier.stray:
        message = f"</{mark.title}> closes nothing."
        findings.add("SC103", source.span(mark.start, mark.end), message)
    for region in shadows.unclosed():
        _report_region(region, source, findings)
    return Parsed(source, shadows, document)


def _read(
    classifier: LineClassifier, front: Range | None, shadows: Shadows
) -> tuple[LineClassifier, Document]:
    """The classifier, its lines read, and the document that they make."""
    runs = _runs(classifier.tokens())
    tree = _tree(tuple(_terminal(run) for run in runs))
    return classifier, _Builder(runs, front, classifier.source, shadows).document(tree.children)


def _players(speakers: set[str], document: Document, shadows: Shadows) -> frozenset[str]:
    """Those of the speakers that are the player character."""
    system = next((s for s in document.sections if isinstance(s, SystemSection)), None)
    if not speakers or system is None:
        return frozenset()
    names = names_of_player(written_members(system, shadows.visible))
    return frozenset(speaker for speaker in speakers if speaker.casefold() in names)


def _report_region(region: Region, source: Source, findings: Findings) -> None:
    end = min(source.line_end(region.start), region.end)
    what = "code fence" if region.kind == "fence" else "comment"
    findings.add("SC103", source.span(region.start, end), f"The {what} is never closed.")


def _front_matter(source: Source, findings: Findings) -> tuple[Range | None, int]:
    """The inside of the front matter, and where the rest of the file begins."""
    opening = _FENCE.match(source.text)
    if opening is None:
        return None, 0
    closing = _FRONT_END.search(source.text, opening.end())
    system = _SYSTEM_LINE.search(source.text, opening.end())
    if closing and not (system and system.start() < closing.start()):
        return Range(opening.end(), closing.start()), min(closing.end() + 1, len(source.text))
    findings.add("SC105", source.span(0, 3), "The front matter is never closed.", "Close it with a line ---.")
    return None, system.start() if system else len(source.text)


def _runs(tokens: Iterable[LineToken]) -> list[list[LineToken]]:
    """The terminals of scenario.lark: a line that opens or ends a section alone, neighbouring others together."""
    runs = list[list[LineToken]]()
    for token in tokens:
        if runs and token.kind in _BODY and runs[-1][0].kind in _BODY:
            runs[-1].append(token)
        else:
            runs.append([token])
    return runs


def _terminal(run: list[LineToken]) -> str:
    return "LINES" if run[0].kind in _BODY else run[0].kind


class _LineLexer(Lexer):
    """Hands the terminals to Lark; a token's text is its index among them."""

    def __init__(self, lexer_conf: object) -> None:
        del lexer_conf

    def lex(self, data: Iterable[str]) -> Iterator[Token]:  # type: ignore[override]
        for index, terminal in enumerate(data):
            yield Token(terminal, str(index))


def _tree(terminals: tuple[str, ...]) -> Tree[Token]:
    return _common_tree(terminals) if len(terminals) <= MOST_COMMON_TERMINALS else _parsed(terminals)


@lru_cache(maxsize=1024)
def _common_tree(terminals: tuple[str, ...]) -> Tree[Token]:
    """The tree of terminals, kept: the 311 scenarios of the corpus have twelve sequences of them."""
    return _parsed(terminals)


def _parsed(terminals: tuple[str, ...]) -> Tree[Token]:
    return _parser().parse(terminals)  # type: ignore[arg-type]


@cache
def _parser() -> Lark:
    grammar = (shipped_folder("grammar") / "scenario.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=_LineLexer, start="document", maybe_placeholders=True)


class _Builder:
    """Lark's tree to our own: each rule's method takes its children."""

    def __init__(
        self, runs: list[list[LineToken]], front: Range | None, source: Source, shadows: Shadows
    ) -> None:
        self.runs = runs
        self.front = front
        self.source = source
        self.comments = shadows.comments()
        self.stray: list[Range] = []

    def document(self, children: list[Any]) -> Document:
        _, before, *trees = children
        self._keep_stray(before)
        rules = {
            "system": self.system,
            "turn": self.turn,
            "result": self.result,
            "conversation": self.conversation,
            "ignored": self.ignored,
        }
        sections = [rules[tree.data](tree.children) for tree in trees]
        stray = tuple(sorted(self.stray, key=lambda found: found.start))
        return Document(self.front, stray, tuple(s for s in sections if s is not None))

    def system(self, children: list[Any]) -> SystemSection:
        head, intro, *fields, _, after = children
        self._keep_stray(after)
        return SystemSection(
            self._head(head), self._range(head, intro), tuple(self.field(field.children) for field in fields)
        )

    def field(self, children: list[Any]) -> Field:
        return Field(self._head(children[0]), self._range(*children))

    def turn(self, children: list[Any]) -> TurnSection:
        head, lines, _, after = children
        self._keep_stray(after)
        return TurnSection(self._head(head), self._range(head, lines))

    def result(self, children: list[Any]) -> ResultSection:
        head, lines, _, after = children
        self._keep_stray(after)
        return ResultSection(self._head(head), self._range(head, lines))

    def conversation(self, children: list[Any]) -> None:
        _, lines, _, after = children
        self._keep_stray(lines)
        self._keep_stray(after)

    def ignored(self, children: list[Any]) -> IgnoredSection:
        head, _, _, after = children
        self._keep_stray(after)
        return IgnoredSection(self._head(head))

    def _lines(self, token: Token | None) -> list[LineToken]:
        return self.runs[int(token)] if token else []

    def _keep_stray(self, lines: Token | None) -> None:
        texts = [token for token in self._lines(lines) if token.kind == "TEXT"]
        if texts:
            self.stray.append(self._place(texts))

    def _head(self, token: Token) -> Head:
        mark = self.runs[int(token)][0].mark
        assert mark is not None
        return Head(mark.title, mark.key, Range(mark.start, mark.end), mark.level)

    def _range(self, head: Token, lines: Token | None) -> Range:
        """From the first to the last line that is text; blank lines and rules around them are nothing."""
        texts = [token for token in self._lines(lines) if token.kind == "TEXT"]
        if not texts:
            end = self.runs[int(head)][0].end
            return Range(end, end)
        return self._place(texts)

    def _place(self, texts: list[LineToken]) -> Range:
        """The place of lines without blank ends; of a comment that only ends or begins in them it has nothing."""
        start, end = texts[0].start, texts[-1].end
        begun, unended = comment_around(self.comments, start), comment_around(self.comments, end)
        return _trimmed(
            self.source.text, Range(begun.end if begun else start, unended.start if unended else end)
        )


def _trimmed(text: str, place: Range) -> Range:
    inside = text[place.start : place.end]
    start = place.start + len(inside) - len(inside.lstrip())
    return Range(start, max(start, place.start + len(inside.rstrip())))
