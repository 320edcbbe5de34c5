"""A source file: its text with line ends settled, and spans made of offsets."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from loresmith.diagnostics.span import Span


@dataclass(frozen=True)
class Source:
    """A file's text with `\\n` line ends and no BOM; `starts` holds the offset of each line."""

    path: str
    text: str
    starts: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """The span of `text[start:end]`; a line end at its end doesn't count."""
        if end > start and self.text[end - 1] == "\n":
            end -= 1
        line = bisect_right(self.starts, start)
        column = start - self.starts[line - 1] + 1
        if line == len(self.starts) or end < self.starts[line]:
            return Span(line, column, line, column + end - start)
        end_line, end_column = self.place(end)
        return Span(line, column, end_line, end_column)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line_end(self, offset: int) -> int:
        """The offset of the line end after `offset` (or the end of the text)."""
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found


def make_source(path: str, text: str) -> Source:
    """A source of decoded text: BOM dropped, `\\r\\n` and a lone `\\r` made `\\n`."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lengths = (len(line) + 1 for line in text.split("\n"))
    return Source(path, text, (0, *accumulate(lengths))[:-1])
