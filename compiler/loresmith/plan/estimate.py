"""How long training will take on this machine's CPU."""

from __future__ import annotations

import time

from loresmith.plan.known_bases import KnownBase

EFFICIENCY = 0.6
"""The part of a plain matrix product's speed that training in fp32 reaches, its evaluations included."""


def measured_flops() -> float:
    """This machine's fp32 matrix product in floating-point operations a second: the best of three of 1024 cubed."""
    import numpy as np

    matrix = np.ones((1024, 1024), dtype=np.float32)
    _timed(lambda: matrix @ matrix)
    best = min(_timed(lambda: matrix @ matrix) for _ in range(3))
    return 2 * 1024**3 / best


def training_seconds(
    base: KnownBase, tokens: float, supervised: float, epochs: float, flops: float, kept: float = 1.0
) -> float:
    """The predicted time of LoRA training in fp32; bf16-mixed takes less. `kept` is the part of the vocabulary that
    a trim leaves.

    A token costs 2 operations a weight forward and 2 backward (the frozen weights need no gradient of their
    own); the head costs that on supervised tokens only.
    """
    operations = 4 * (base.body * tokens + base.head * kept * supervised) * epochs
    return operations / (flops * EFFICIENCY)


def _timed(work: object) -> float:
    assert callable(work)
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
