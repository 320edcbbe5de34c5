"""Samples as batches: a seeded order, and tensors padded to the longest of a micro-batch."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import torch

from loresmith.render.tokens import Sample


def order_of(count: int, seed: int, epoch: int) -> list[int]:
    """The order of the samples in an epoch; the same for the same seed and epoch."""
    order = list(range(count))
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return order


def batch_of(samples: Sequence[Sample], batch_size: int, seed: int, step: int) -> list[Sample]:
    """The samples of optimizer step `step` (from 0); the last batch of an epoch may be smaller."""
    steps = steps_per_epoch(len(samples), batch_size)
    epoch, number = divmod(step, steps)
    order = order_of(len(samples), seed, epoch)
    return [samples[i] for i in order[number * batch_size : (number + 1) * batch_size]]


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Optimizer steps in one pass over `count` samples."""
    return -(-count // batch_size)


def micro_batches(batch: Sequence[Sample], size: int) -> Iterator[list[Sample]]:
    """The batch in groups of at most `size`, longest first, so that padding is least."""
    ordered = sorted(batch, key=lambda sample: (-len(sample.ids), sample.id))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def tensors_of(samples: Sequence[Sample], device: str, pad: int = 0) -> dict[str, torch.Tensor]:
    """Token ids (b, t), attention mask (b, t), and the supervised tokens' rows, columns and weights (n)."""
    length = max(len(sample.ids) for sample in samples)
    ids = torch.full((len(samples), length), pad)
    mask = torch.zeros((len(samples), length), dtype=torch.long)
    places: list[tuple[int, int, float]] = []
    for row, sample in enumerate(samples):
        ids[row, : len(sample.ids)] = torch.tensor(sample.ids)
        mask[row, : len(sample.ids)] = 1
        places += [(row, c, sample.weight) for start, end in sample.spans for c in range(start, end)]
    rows, columns, weights = zip(*places, strict=True)
    return {
        "ids": ids.to(device),
        "mask": mask.to(device),
        "rows": torch.tensor(rows, device=device),
        "columns": torch.tensor(columns, device=device),
        "weights": torch.tensor(weights, dtype=torch.float32, device=device),
    }


def weight_of(samples: Sequence[Sample]) -> float:
    """The sum of the weights of all supervised tokens: what a step's loss is divided by, once."""
    return sum(sample.weight * sample.supervised for sample in samples)
