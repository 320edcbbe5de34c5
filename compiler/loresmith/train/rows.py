"""Samples packed into rows, and a row as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from loresmith.render.tokens import Sample

Segment = tuple[int, int]
"""Where in a row one sample stands: its first position and the one behind its last."""


@dataclass(frozen=True)
class Row:
    """Samples one behind the other. `ids` and `positions` (1, t): token ids, and positions that begin at 0 in each
    sample; `columns`, `weights` (n): where the supervised tokens stand, and what each counts."""

    ids: torch.Tensor
    positions: torch.Tensor
    segments: tuple[Segment, ...]
    columns: torch.Tensor
    weights: torch.Tensor


def packed(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """The numbers of the samples in groups of at most `capacity` tokens: the longest first, each into the first group
    it fits (first-fit decreasing). A sample that is longer stands alone; none is cut."""
    groups: list[list[int]] = []
    room: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda one: -lengths[one]):
        length = lengths[number]
        place = next((group for group, left in enumerate(room) if length <= left), None)
        if place is None:
            groups.append([number])
            room.append(capacity - length)
        else:
            groups[place].append(number)
            room[place] -= length
    return groups


def row_of(samples: Sequence[Sample], device: str, deed_weight: float = 1.0) -> Row:
    """The samples as one row; `deed_weight` is what a token that the app acts on counts against one of prose."""
    segments: list[Segment] = []
    columns: list[int] = []
    weights: list[float] = []
    for sample in samples:
        begin = segments[-1][1] if segments else 0
        segments.append((begin, begin + len(sample.ids)))
        columns += [begin + column for start, end in sample.spans for column in range(start, end)]
        weights += sample.weights(deed_weight)
    return Row(
        ids=torch.tensor([[i for sample in samples for i in sample.ids]], device=device),
        positions=torch.tensor([[p for sample in samples for p in range(len(sample.ids))]], device=device),
        segments=tuple(segments),
        columns=torch.tensor(columns, device=device),
        weights=torch.tensor(weights, dtype=torch.float32, device=device),
    )


def weight_of(samples: Sequence[Sample], deed_weight: float = 1.0) -> float:
    """The sum of the weights of all supervised tokens: what a step's loss is divided by, once."""
    return sum(sum(sample.weights(deed_weight)) for sample in samples)
