"""The edits that mend a text: the findings' own fixes, and calls and results in their canonical spelling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loresmith.diagnostics.diagnostic import Diagnostic, Findings
from loresmith.format.bodies import BodyWriter
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import parse_document
from loresmith.syntax.source import Source
from loresmith.syntax.tree import ResultSection, TurnSection


class Edit(NamedTuple):
    """Write `text` in place of the characters from `start` up to `end`."""

    start: int
    end: int
    text: str


def edits_of(source: Source, findings: Sequence[Diagnostic], vocabulary: Vocabulary) -> list[Edit]:
    """The edits in order, none touching another: of two that do, a finding's fix stands, then the first."""
    own = [_edit_of(source, found) for found in findings if found.fix]
    chosen = list[Edit]()
    for edit in [*own, *spelling_edits(source, vocabulary)]:
        if all(edit.end <= other.start or other.end <= edit.start for other in chosen):
            chosen.append(edit)
    return sorted(chosen)


def spelling_edits(source: Source, vocabulary: Vocabulary) -> Iterator[Edit]:
    """An edit for each sound call and result of a turn that isn't written in its canonical form."""
    parsed = parse_document(source, Findings(source.path))
    bodies = BodyWriter(parsed, vocabulary)
    for section in parsed.document.sections:
        if isinstance(section, TurnSection | ResultSection):
            pieces = bodies.result_pieces if isinstance(section, ResultSection) else bodies.pieces
            for place, text in pieces(section.body):
                if text != source.text[place.start : place.end]:
                    yield Edit(place.start, place.end, text)


def _edit_of(source: Source, found: Diagnostic) -> Edit:
    assert found.fix is not None
    fix = found.fix
    start = source.starts[fix.line - 1] + fix.column - 1
    return Edit(start, source.starts[fix.end_line - 1] + fix.end_column - 1, fix.text)
