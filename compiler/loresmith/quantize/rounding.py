"""Rounding that makes up for itself: what one column loses, the columns after it give back.

Rounding W to Q costs the layer E[((Q - W) x)^2] = (Q - W) H (Q - W)^T, H being E[x x^T]. Each weight rounded to the
nearest has the least of (Q - W)^2, and more of the cost than need be. Worst off is a model that was quantized before it
was tuned: its weights lie on the grid, what the training added is less than half a step, and the nearest is what was
there before. Here the columns are rounded one after another, and each one's error is taken out of the columns still to
come, in proportion to H: Frantar et al. 2022, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
Transformers", section 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

DAMPING = 0.01
"""How much of its diagonal's mean is added to H's diagonal, so that inputs that never vary don't make it singular."""
_GROUP = 64
"""Columns whose errors reach the rest in one product."""


@dataclass(frozen=True)
class Grid:
    """What weights (rows, columns) can be rounded to: offset + step * one of the `levels`, which ascend."""

    offset: torch.Tensor
    step: torch.Tensor
    levels: torch.Tensor

    def values(self, codes: torch.Tensor) -> torch.Tensor:
        """The weights that the codes stand for."""
        return self.offset + self.step * self.levels[codes.long()]

    def part(self, columns: slice) -> Grid:
        """The grid of some of the columns."""
        return Grid(self.offset[:, columns], self.step[:, columns], self.levels)


def compensated_codes(weights: torch.Tensor, grid: Grid, factors: Sequence[torch.Tensor]) -> torch.Tensor:
    """The codes, as uint8 (rows, columns), for fp32 `weights` of a layer; `factors` are `inverse_factors` of its H.

    Raises ValueError where they aren't as wide as the weights.
    """
    if sum(map(len, factors)) != weights.shape[1]:
        raise ValueError("the moments aren't of this layer")
    parts, begin = list[torch.Tensor](), 0
    for factor in factors:
        columns = slice(begin, begin + len(factor))
        parts.append(_block_codes(weights[:, columns], grid.part(columns), factor))
        begin = columns.stop
    return torch.cat(parts, dim=1)


def inverse_factors(blocks: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Of each block along H's diagonal: U, upper triangular, with U^T U the inverse of the damped block; in fp32."""
    return [_inverse_factor(block) for block in blocks]


def output_errors(difference: torch.Tensor, blocks: Sequence[torch.Tensor]) -> torch.Tensor:
    """E[(d x)^2] for each row d of `difference` (rows, columns); blocks far from the diagonal count as zero."""
    total, begin = torch.zeros(len(difference)), 0
    for block in blocks:
        part = difference[:, begin : begin + len(block)]
        total += ((part @ block) * part).sum(dim=1)
        begin += len(block)
    return total


def _inverse_factor(block: torch.Tensor) -> torch.Tensor:
    damped = block.double()
    mean = damped.diagonal().mean()
    damped.diagonal().add_(DAMPING * mean if mean > 0 else 1.0)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(damped))
    return torch.linalg.cholesky(inverse, upper=True).float()


def _block_codes(weights: torch.Tensor, grid: Grid, factor: torch.Tensor) -> torch.Tensor:
    """The codes of one block of columns. It works on columns as rows, which lie together in memory."""
    # Of a single row contiguous() would give the caller's own weights, and what is left changes.
    left = weights.T.clone(memory_format=torch.contiguous_format)
    offset, step = grid.offset.T.contiguous(), grid.step.T.contiguous()
    codes = torch.empty(left.shape, dtype=torch.uint8)
    middles = (grid.levels[1:] + grid.levels[:-1]) / 2
    for begin in range(0, len(left), _GROUP):
        end = min(begin + _GROUP, len(left))
        errors = torch.empty(end - begin, left.shape[1])
        for row in range(begin, end):
            divisor = torch.where(step[row] == 0, 1.0, step[row])
            codes[row] = torch.bucketize((left[row] - offset[row]) / divisor, middles)
            rounded = offset[row] + step[row] * grid.levels[codes[row].long()]
            errors[row - begin] = (left[row] - rounded) / factor[row, row]
            left[row + 1 : end] -= factor[row, row + 1 : end, None] * errors[row - begin]
        left[end:] -= factor[begin:end, end:].T @ errors
    return codes.T.contiguous()
