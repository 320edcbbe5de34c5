"""Where a finding in a result stands."""

from __future__ import annotations

from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import GivenResult
from loresmith.syntax.source import Source
from loresmith.syntax.tree import Range


def span_in_result(source: Source, given: GivenResult, place: Range) -> Span:
    """The exact place in a result on one line; for one over several lines its first line."""
    whole = given.result.span
    if whole.line == whole.end_line:
        return source.span(place.start, place.end)
    start = source.starts[whole.line - 1]
    return source.span(start + whole.column - 1, source.line_end(start))
