"""Positions in the code units of each encoding that a client may ask for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loresmith.diagnostics.span import Span
from loresmith.language_server.positions import Positions
from lsprotocol.types import Position, PositionEncodingKind
from pygls.workspace import PositionCodec

SIZES: dict[PositionEncodingKind, Callable[[str], int]] = {
    PositionEncodingKind.Utf8: lambda text: len(text.encode()),
    PositionEncodingKind.Utf16: lambda text: len(text.encode("utf-16-le")) // 2,
    PositionEncodingKind.Utf32: len,
}
TEXTS = st.text(st.sampled_from("ab \n\u2028é𝔇🐉\x0b"), max_size=40)


@pytest.mark.parametrize("encoding", SIZES)
@given(text=TEXTS)
def test_there_and_back(encoding: PositionEncodingKind, text: str) -> None:
    positions = Positions(text, PositionCodec(encoding))
    for offset in range(len(text) + 1):
        position = positions.position(offset)
        before = text[:offset]
        assert position.line == before.count("\n")
        assert position.character == SIZES[encoding](before.rpartition("\n")[2])
        assert positions.offset(position) == offset


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_count_alike(ending: str) -> None:
    positions = Positions(f"\ufeff🐉a{ending}b", PositionCodec())
    assert positions.offset(Position(0, 4)) == 2
    assert positions.position(2) == Position(0, 4)
    assert positions.position(4) == Position(1, 1)
    assert positions.whole().end == Position(1, 1)


@pytest.mark.parametrize(
    ("line", "character", "offset"), [(0, 99, 3), (1, 99, 7), (9, 0, 7), (0, 2, 2), (1, 0, 4)]
)
def test_beyond_the_line_is_its_end(line: int, character: int, offset: int) -> None:
    assert Positions("abc\ndef", PositionCodec()).offset(Position(line, character)) == offset


def test_the_span_of_a_finding() -> None:
    positions = Positions("🐉 [rol: x]\nend", PositionCodec())
    found = positions.span(Span(line=1, column=4, end_line=1, end_column=7))
    assert (found.start, found.end) == (Position(0, 4), Position(0, 7))
    beyond = positions.span(Span(line=9, column=1, end_line=9, end_column=2))
    assert (beyond.start, beyond.end) == (Position(1, 3), Position(1, 3))
