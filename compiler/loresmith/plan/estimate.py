"""How long training will take on this machine's CPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from loresmith.plan.known_bases import KnownBase

EFFICIENCY = 0.6
"""The part of a plain matrix product's speed that training in fp32 reaches, its evaluations included."""
BF16_GAIN = 1.7
"""How many times as fast bf16-mixed is where the processor multiplies bf16 itself (benchmarks/README.md, Training)."""


@dataclass(frozen=True)
class Work:
    """What a training does: `tokens` read in all, every epoch counted, `supervised` of them learnt from. `kept` is the
    part of the vocabulary that a trim leaves."""

    tokens: float
    supervised: float
    kept: float = 1.0


def training_seconds(base: KnownBase, work: Work, flops: float, *, bf16: bool = False) -> float:
    """The predicted time of LoRA training, in fp32 or, with `bf16`, in bf16-mixed on a processor made for it; `flops`
    are those of an fp32 matrix product.

    A token costs 2 operations a weight forward and 2 backward (the frozen weights need no gradient of their
    own); the head costs that on supervised tokens only.
    """
    operations = 4 * (base.body * work.tokens + base.head * work.kept * work.supervised)
    return operations / (flops * EFFICIENCY * (BF16_GAIN if bf16 else 1))


def measured_flops() -> float:
    """This machine's fp32 matrix product in floating-point operations a second: the best of three of 1024 cubed."""
    import numpy as np

    matrix = np.ones((1024, 1024), dtype=np.float32)
    _timed(lambda: matrix @ matrix)
    best = min(_timed(lambda: matrix @ matrix) for _ in range(3))
    return 2 * 1024**3 / best


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
