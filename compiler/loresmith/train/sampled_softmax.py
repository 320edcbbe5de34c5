"""The tokens that a step's loss tells the right one from, where all of a large vocabulary would take too long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from loresmith.render.tokens import Sample


@dataclass(frozen=True)
class Candidates:
    """A step's tokens: `ids` (c) begin with the `known` ones in ascending order; `shift` (c) is the logarithm of how
    many tokens each of them stands for."""

    ids: torch.Tensor
    known: int
    shift: torch.Tensor

    def places(self, targets: torch.Tensor) -> torch.Tensor:
        """Where known tokens (n) stand among the candidates (n)."""
        return torch.searchsorted(self.ids[: self.known], targets)


class SampledSoftmax:
    """All tokens of the dataset's replies, and `drawn` of the others, anew in each step.

    Each drawn token stands for as many as there are others to one drawn, which makes the sum of the exponentials
    right on average (S. Jean, K. Cho, R. Memisevic and Y. Bengio, On Using Very Large Target Vocabulary for Neural
    Machine Translation, 2015, with a uniform proposal). What a step draws depends on `seed` and its number alone.
    """

    def __init__(self, samples: Sequence[Sample], vocabulary: int, drawn: int, seed: int) -> None:
        self._known = torch.tensor(sorted(_tokens_of_replies(samples)))
        others = torch.ones(vocabulary, dtype=torch.bool)
        others[self._known] = False
        self._others = others.nonzero().squeeze(1)
        self._drawn = min(drawn, len(self._others))
        self._seed = seed

    def of_step(self, step: int, device: str) -> Candidates:
        """The candidates of optimizer step `step` (from 0)."""
        known = len(self._known)
        shift = torch.zeros(known + self._drawn)
        if self._drawn:
            shift[known:] = math.log(len(self._others) / self._drawn)
        ids = torch.cat([self._known, self._others[self._chosen(step)]])
        return Candidates(ids.to(device), known, shift.to(device))

    def _chosen(self, step: int) -> torch.Tensor:
        chance = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        return torch.randperm(len(self._others), generator=chance)[: self._drawn]


def _tokens_of_replies(samples: Sequence[Sample]) -> set[int]:
    found: set[int] = set()
    for sample in samples:
        for start, end in sample.spans:
            found.update(sample.ids[start:end])
    return found
