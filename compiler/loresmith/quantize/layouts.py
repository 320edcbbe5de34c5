"""Where the codes of a block's weights lie in GGUF's quantized types, and which values they stand for.

A weight's value is offset + step * level: its code chooses the level, the block's scales give offset and step. The
codes can be chosen anew while the scales stay. The layouts are those of ggml-common.h; gguf's reader gives the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
"""Blocks, one a row."""

_IQ4 = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
"""The sixteen levels of the IQ4 types."""


@dataclass(frozen=True)
class Field:
    """A part of the codes of a block: for element `e` the `bits` bits of byte `byte[e]` from bit `shift[e]` on hold the
    bits of its code from bit `low` on."""

    bits: int
    low: int
    byte: NDArray[np.intp]
    shift: NDArray[np.intp]

    def clear(self, blocks: Bytes) -> None:
        """Set these bits of all `blocks` to zero."""
        for shift, _, places in self._by_shift():
            blocks[:, places] &= np.uint8(~(self._mask << shift) & 0xFF)

    def put(self, blocks: Bytes, codes: Bytes) -> None:
        """Write the codes (as many rows as blocks, a column for each element) into bits that are clear."""
        for shift, elements, places in self._by_shift():
            part = (codes[:, elements] >> np.uint8(self.low)) & np.uint8(self._mask)
            blocks[:, places] |= part << np.uint8(shift)

    @property
    def _mask(self) -> int:
        return (1 << self.bits) - 1

    def _by_shift(self) -> list[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
        """Each shift with its elements and their bytes, no byte twice."""
        found = [(int(shift), np.flatnonzero(self.shift == shift)) for shift in np.unique(self.shift)]
        return [(shift, elements, self.byte[elements]) for shift, elements in found]


@dataclass(frozen=True)
class Layout:
    """How a type keeps its codes."""

    fields: tuple[Field, ...]
    levels: tuple[int, ...]

    def with_codes(self, blocks: Bytes, codes: Bytes) -> Bytes:
        """The blocks with other codes and the same scales."""
        made = blocks.copy()
        for field in self.fields:
            field.clear(made)
            field.put(made, codes)
        return made


def read_grid(blocks: Bytes, kind: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The offset and the step of each weight of the `blocks` of type `kind`; both as (blocks, weights a block)."""
    from gguf import GGMLQuantizationType, dequantize

    layout, ggml_type = LAYOUTS[kind], GGMLQuantizationType[kind.upper()]
    codes = np.zeros((len(blocks), len(layout.fields[0].byte)), np.uint8)
    first, second = (
        dequantize(layout.with_codes(blocks, codes + code), ggml_type).astype(np.float32) for code in (0, 1)
    )
    step = ((second - first) / (layout.levels[1] - layout.levels[0])).astype(np.float32)
    return (first - step * layout.levels[0]).astype(np.float32), step


def _halves(offset: int) -> Field:
    """The four low bits of 32 elements: the first sixteen in the low halves of sixteen bytes."""
    element = np.arange(32)
    return Field(4, 0, offset + element % 16, 4 * (element // 16))


def _single(offset: int) -> Field:
    """The fifth bit of 32 elements, in order."""
    element = np.arange(32)
    return Field(1, 4, offset + element // 8, element % 8)


def _strips(offset: int, bits: int, *, low: int = 0, strip: int = 32) -> Field:
    """`bits` bits of 256 elements: strips of elements lie over one another in the same bytes, from the low bits up."""
    element = np.arange(256)
    layers = 8 // bits
    byte = (element // (strip * layers)) * strip + element % strip
    return Field(bits, low, offset + byte, bits * ((element // strip) % layers))


def _iq4_xs() -> Field:
    element = np.arange(256)
    return Field(4, 0, 8 + (element // 32) * 16 + element % 16, 4 * ((element % 32) // 16))


def _counted(bits: int) -> tuple[int, ...]:
    return tuple(range(1 << bits))


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "q4_0": Layout((_halves(2),), _counted(4)),
        "q4_1": Layout((_halves(4),), _counted(4)),
        "q5_0": Layout((_halves(6), _single(2)), _counted(5)),
        "q5_1": Layout((_halves(8), _single(4)), _counted(5)),
        "q2_k": Layout((_strips(16, 2),), _counted(2)),
        "q3_k": Layout((_strips(32, 2), _strips(0, 1, low=2)), _counted(3)),
        "q4_k": Layout((_strips(16, 4),), _counted(4)),
        "q5_k": Layout((_strips(48, 4), _strips(16, 1, low=4)), _counted(5)),
        "q6_k": Layout((_strips(0, 4, strip=64), _strips(128, 2, low=4)), _counted(6)),
        "iq4_nl": Layout((_halves(2),), _IQ4),
        "iq4_xs": Layout((_iq4_xs(),), _IQ4),
    }
)
"""Type -> layout, for all types of fewer than eight bits that the kinds of `kinds.py` lead to."""
