"""The outline of a scenario: its sections, the fields of SYSTEM, the members, the turns with their calls."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from lsprotocol import types

from loresmith.language_server.analysis import Analysis
from loresmith.language_server.positions import Positions
from loresmith.syntax.keywords import FIELDS, comparable
from loresmith.syntax.tree import Field, Head, IgnoredSection, Range, Section, SystemSection, TurnSection

LONGEST_DETAIL = 60
"""Characters of a section's text that stand beside its title."""


def outline_of(analysis: Analysis, positions: Positions) -> list[types.DocumentSymbol]:
    """The symbols of a scenario, in order."""
    outline = _Outline(analysis, positions)
    sections = analysis.document.sections
    ends = _ends([section.head for section in sections], len(analysis.source.text))
    return [outline.section(section, end) for section, end in zip(sections, ends, strict=True)]


class _Outline:
    def __init__(self, analysis: Analysis, positions: Positions) -> None:
        self.analysis = analysis
        self.positions = positions
        self.calls = [(call, analysis.place(call.span)) for call in analysis.calls]
        self.starts = [place.start for _, place in self.calls]

    def section(self, section: Section, end: int) -> types.DocumentSymbol:
        """A section that reaches to `end`."""
        if isinstance(section, SystemSection):
            ends = _ends([field.head for field in section.fields], end)
            children = [self._field(f, e) for f, e in zip(section.fields, ends, strict=True)]
            return self._symbol(section.head, end, types.SymbolKind.Namespace, children, section.intro)
        body = None if isinstance(section, IgnoredSection) else section.body
        kind = types.SymbolKind.Event
        if isinstance(section, TurnSection) and self.analysis.is_user_turn(section):
            kind = types.SymbolKind.Interface
        return self._symbol(section.head, end, kind, self._calls(section.head.range.start, end), body)

    def _field(self, field: Field, end: int) -> types.DocumentSymbol:
        is_party = FIELDS.get(comparable(field.head.title)) in ("party", "player")
        children = self._members(field.head.range.start, end) if is_party else []
        return self._symbol(field.head, end, types.SymbolKind.Property, children, field.body)

    def _members(self, start: int, end: int) -> list[types.DocumentSymbol]:
        found = [(m, self.analysis.place(m.span)) for m in self.analysis.members]
        return [
            self._leaf(
                member.name, place, types.SymbolKind.Object, f"{member.character_class} {member.level}"
            )
            for member, place in found
            if start <= place.start < end
        ]

    def _calls(self, start: int, end: int) -> list[types.DocumentSymbol]:
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        return [
            self._leaf(call.text, place, types.SymbolKind.Function) for call, place in self.calls[first:last]
        ]

    def _leaf(
        self, name: str, place: Range, kind: types.SymbolKind, detail: str | None = None
    ) -> types.DocumentSymbol:
        span = self.positions.range(place.start, place.end)
        return types.DocumentSymbol(name=name, kind=kind, range=span, selection_range=span, detail=detail)

    def _symbol(
        self,
        head: Head,
        end: int,
        kind: types.SymbolKind,
        children: list[types.DocumentSymbol],
        body: Range | None,
    ) -> types.DocumentSymbol:
        text = self.analysis.source.text
        start = head.range.start
        whole = start + len(text[start:end].rstrip())
        return types.DocumentSymbol(
            name=head.title or text[head.range.start : head.range.end],
            kind=kind,
            range=self.positions.range(start, max(whole, head.range.end)),
            selection_range=self.positions.range(start, head.range.end),
            detail=" ".join(text[body.start : body.end].split())[:LONGEST_DETAIL] if body else None,
            children=children,
        )


def _ends(heads: Sequence[Head], end: int) -> list[int]:
    """Where each section ends: at the next one's heading, the last at `end`."""
    starts = [head.range.start for head in heads]
    return [following for _, following in pairwise([*starts, end])]
