"""Places in a text as the client counts them: lines and columns from 0, columns in its own code units."""

from __future__ import annotations

from typing import Protocol

from lsprotocol import types
from pygls.workspace import PositionCodec

from loresmith.syntax.source import make_source


class Spanned(Protocol):
    """Whatever has a place as findings have it: lines and columns from 1, `end_column` exclusive."""

    @property
    def line(self) -> int:
        """The first line."""
        ...

    @property
    def column(self) -> int:
        """The first column."""
        ...

    @property
    def end_line(self) -> int:
        """The last line."""
        ...

    @property
    def end_column(self) -> int:
        """The column after the last."""
        ...


class Positions:
    """Converts between the client's positions in a text and offsets into its `Source.text`.

    pygls' own text documents end lines at more characters than editors and the compiler do; only its codec,
    which knows the code units that were agreed on, is used.
    """

    def __init__(self, text: str, codec: PositionCodec) -> None:
        self.source = make_source("", text)
        self.codec = codec
        # A source drops the byte order mark; the client counts it.
        self._mark = int(text.startswith("\ufeff"))

    def offset(self, position: types.Position) -> int:
        """The offset of a position; one beyond its line or the text is at the end of it."""
        if position.line >= len(self.source.starts):
            return len(self.source.text)
        start = self.source.starts[position.line]
        units = position.character - (self._mark if position.line == 0 else 0)
        end = self.source.line_end(start)
        while units > 0 and start < end:
            units -= self.codec.client_num_units(self.source.text[start])
            start += 1
        return start

    def position(self, offset: int) -> types.Position:
        """The position of an offset; one beyond the text is at its end."""
        line, column = self.source.place(max(0, min(offset, len(self.source.text))))
        start = self.source.starts[line - 1]
        before = self.source.text[start : start + column - 1]
        units = len(before) if before.isascii() else self.codec.client_num_units(before)
        return types.Position(line - 1, units + (self._mark if line == 1 else 0))

    def range(self, start: int, end: int) -> types.Range:
        """The range of `text[start:end]`."""
        return types.Range(self.position(start), self.position(end))

    def whole(self) -> types.Range:
        """The range of the whole text, its byte order mark included."""
        return types.Range(types.Position(0, 0), self.position(len(self.source.text)))

    def span(self, place: Spanned) -> types.Range:
        """The range of a finding."""
        start = self.offset_at(place.line, place.column)
        return self.range(start, max(start, self.offset_at(place.end_line, place.end_column)))

    def offset_at(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 1; one beyond its line or the text is at the end of it."""
        if line > len(self.source.starts):
            return len(self.source.text)
        start = self.source.starts[line - 1]
        return min(start + column - 1, self.source.line_end(start))
