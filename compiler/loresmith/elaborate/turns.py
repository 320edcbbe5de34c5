"""Turn sections to turns: who speaks, what joins one DM reply."""

from __future__ import annotations

import re

from loresmith.diagnostics.diagnostic import Findings
from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import DraftPart, DraftSystem, DraftTurn, GivenResult
from loresmith.elaborate.text import TextReader
from loresmith.ir.scenario import Result, Text
from loresmith.syntax.keywords import SECTIONS, comparable
from loresmith.syntax.results import parse_result
from loresmith.syntax.tree import Head, ResultSection, Section, TurnSection

SHORTEST_KEYWORD = 4
"""Keywords below this length are one slip away from too many names."""


class TurnElaborator:
    """Elaborates the turns of a file; findings SC207, SC209."""

    def __init__(self, reader: TextReader, system: DraftSystem | None, findings: Findings) -> None:
        self.reader = reader
        self.system = system
        self.findings = findings

    def turns(self, sections: tuple[Section, ...]) -> tuple[DraftTurn, ...]:
        """The turns in order; neighbouring DM sections and results are one reply."""
        made = list[DraftTurn]()
        for section in sections:
            if isinstance(section, TurnSection):
                self._add(made, self._turn(section))
            elif isinstance(section, ResultSection):
                self._add(made, self._result(section))
        return tuple(made)

    def _add(self, made: list[DraftTurn], turn: DraftTurn) -> None:
        if not made or made[-1].role == "user" or turn.role == "user":
            made.append(turn)
            return
        last = made[-1]
        span = last.span.up_to(turn.span)
        gap = Span(
            line=last.span.end_line,
            column=last.span.end_column,
            end_line=turn.span.line,
            end_column=turn.span.column,
        )
        parts = (*last.parts, Text(text="\n\n", span=gap), *turn.parts)
        made[-1] = DraftTurn("dm", last.head, span, parts)

    def _turn(self, section: TurnSection) -> DraftTurn:
        head = self.reader.span(section.head.range)
        role = section.head.key or self._role_of_speaker(section.head)
        if self.reader.is_blank(section.body):
            self.findings.add("SC207", head, f"The turn {section.head.title} is empty.")
        parts = self.reader.parts(section.body)
        if section.head.key is None and role == "dm":
            parts = _voiced(section.head.title, parts, head)
        span = self.reader.span(section.body)
        return DraftTurn("user" if role == "user" else "dm", head, span, tuple(parts))

    def _result(self, section: ResultSection) -> DraftTurn:
        """A result as a section: its body, or the tags in it."""
        head = self.reader.span(section.head.range)
        parts = self.reader.parts(section.body)
        if not any(isinstance(part, GivenResult) for part in parts):
            text = self.reader.visible(section.body)
            syntax = parse_result(text, section.body.start)
            span = self.reader.span(section.body) if text else head
            total = syntax.sum.total if syntax.sum else None
            result = Result(label=syntax.label, body=syntax.body, total=total, span=span)
            parts = [GivenResult(result, syntax)]
        return DraftTurn("dm", head, self.reader.span(section.body), tuple(parts))

    def _role_of_speaker(self, head: Head) -> str:
        name = head.title.casefold()
        names = [member.casefold() for member in self.system.names] if self.system else []
        if self.system and self.system.player and name == self.system.player.casefold():
            return "user"
        if name not in names:
            self._report_speaker(head)
        return "dm"

    def _report_speaker(self, head: Head) -> None:
        """SC209 where a speaker's name is nearly a keyword, or a turn's keyword with something behind it."""
        name = comparable(head.title)
        nearly = (word for word in SECTIONS if len(word) >= SHORTEST_KEYWORD and _one_slip(name, word))
        meant, how = next(nearly, None), "is one slip away from"
        if meant is None and (begun := _TURN.match(name)):
            meant, how = begun[0], "begins with"
        if meant:
            message = f"The speaker {head.title!r} {how} a keyword."
            span = self.reader.span(head.range)
            self.findings.add("SC209", span, message, f"Did you mean {_TITLES[meant]}?")


_TURN = re.compile(rf"(?:{'|'.join(word for word, key in SECTIONS.items() if key in ('user', 'dm'))})\b")
_TITLES = {
    "system": "SYSTEM",
    "user": "User",
    "player": "Player",
    "dm": "DM",
    "gm": "GM",
    "dungeon master": "Dungeon Master",
    "toolcall": "TOOLCALL",
    "tool result": "Tool Result",
    "conversation": "CONVERSATION",
}


def _voiced(name: str, parts: list[DraftPart], head: Span) -> list[DraftPart]:
    """The parts with the speaker's name before them."""
    if parts and isinstance(parts[0], Text):
        return [parts[0].model_copy(update={"text": f"{name}: {parts[0].text}"}), *parts[1:]]
    return [Text(text=f"{name}: ", span=head), *parts]


def _one_slip(word: str, keyword: str) -> bool:
    """Whether one letter too many, too few, wrong, or two swapped make `word` of `keyword`."""
    if word == keyword or abs(len(word) - len(keyword)) > 1:
        return False
    at = next(
        (i for i, (a, b) in enumerate(zip(word, keyword, strict=False)) if a != b),
        min(len(word), len(keyword)),
    )
    rest, wanted = word[at:], keyword[at:]
    swapped = rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:]
    return rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:] or swapped
