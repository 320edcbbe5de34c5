"""Two models on the same prompts: is one better, or can't it be told?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from loresmith.validate.intervals import (
    FEWEST,
    Counts,
    Interval,
    counts_of,
    difference_interval,
    scenarios_judged,
    share,
)
from loresmith.validate.judgement import Judgement
from loresmith.validate.metrics import Metric

Verdict = Literal["better", "worse", "can't tell"]


class Difference(BaseModel):
    """How much higher one model's share is than another's, its 95% interval, and what follows."""

    model_config = ConfigDict(frozen=True)

    metric: str
    difference: float | None
    interval: Interval | None
    verdict: Verdict


def compare(one: Sequence[Judgement], other: Sequence[Judgement], metric: Metric) -> Difference:
    """`one` against `other` by a metric; both hold the answers to the same prompts, in the same order.

    `one` is better or worse when the interval of the paired difference doesn't hold zero, of at least FEWEST scenarios.
    Raises ValueError when the prompts differ.
    """
    if [(j.scenario, j.player, j.reference) for j in one] != [
        (j.scenario, j.player, j.reference) for j in other
    ]:
        raise ValueError("the two models answered different prompts")
    counts = counts_of(one, metric), counts_of(other, metric)
    return compare_counts(metric.key, *counts, higher_is_better=metric.higher_is_better)


def compare_counts(key: str, one: Counts, other: Counts, *, higher_is_better: bool = True) -> Difference:
    """`one` share against `other`, paired: both must hold the same scenarios."""
    first, second = share(one), share(other)
    if first is None or second is None:
        return Difference(metric=key, difference=None, interval=None, verdict="can't tell")
    bounds = difference_interval(one, other)
    few = min(scenarios_judged(one), scenarios_judged(other)) < FEWEST
    verdict = "can't tell" if few else _verdict(bounds, higher_is_better=higher_is_better)
    return Difference(metric=key, difference=first - second, interval=bounds, verdict=verdict)


def _verdict(bounds: Interval | None, *, higher_is_better: bool) -> Verdict:
    if bounds is None or bounds[0] <= 0 <= bounds[1]:
        return "can't tell"
    return "better" if (bounds[0] > 0) == higher_is_better else "worse"
