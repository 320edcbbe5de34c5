"""Which samples an optimizer step takes: a seeded order."""

from __future__ import annotations

import random
from array import array
from collections.abc import Sequence
from functools import lru_cache

from loresmith.render.tokens import Sample


@lru_cache(maxsize=1)
def order_of(count: int, seed: int, epoch: int) -> array[int]:
    """The order of the samples in an epoch; the same for the same seed and epoch. Made once for all its steps."""
    order = array("q", range(count))
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
