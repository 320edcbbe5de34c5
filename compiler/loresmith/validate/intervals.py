"""95% intervals of shares and of their differences, by the bootstrap over scenarios.

B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), percentile intervals. Whole scenarios are drawn, not
answers: those of one scenario resemble each other, and drawn singly they would make the intervals too narrow.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache

from loresmith.validate.judgement import Judgement
from loresmith.validate.metrics import Metric

RESAMPLES = 2000
LEVEL = 0.95
_SEED = 1

Interval = tuple[float, float]
Counts = dict[str, tuple[int, int]]
"""For each scenario: how many answers say yes, and of how many the metric says anything."""


def counts_of(judgements: Sequence[Judgement], metric: Metric) -> Counts:
    """What a metric says of the answers, by scenario; those of which it says nothing count for 0 of 0."""
    counts = Counts()
    for judged in judgements:
        says = metric.says(judged)
        yes, of = counts.get(judged.scenario, (0, 0))
        counts[judged.scenario] = (yes + bool(says), of + (says is not None))
    return counts


def share(counts: Mapping[str, tuple[int, int]]) -> float | None:
    """The share of yes; None where the metric applies to nothing."""
    yes, of = (sum(column) for column in zip(*counts.values(), strict=True)) if counts else (0, 0)
    return yes / of if of else None


def interval(counts: Mapping[str, tuple[int, int]]) -> Interval | None:
    """The interval of a share; None where the metric applies to nothing."""
    rows = [counts[scenario] for scenario in sorted(counts)]
    return _bounds([_drawn(rows, draw) for draw in _draws(len(rows))])


def difference_interval(
    one: Mapping[str, tuple[int, int]], other: Mapping[str, tuple[int, int]]
) -> Interval | None:
    """The interval of `one`'s share less `other`'s, drawn together: both must have judged the same scenarios."""
    scenarios = sorted(one)
    ones, others = [one[name] for name in scenarios], [other[name] for name in scenarios]
    pairs = [(_drawn(ones, draw), _drawn(others, draw)) for draw in _draws(len(scenarios))]
    return _bounds([a - b if a is not None and b is not None else None for a, b in pairs])


@cache
def _draws(count: int) -> list[list[int]]:
    dice = random.Random(_SEED)
    return [dice.choices(range(count), k=count) for _ in range(RESAMPLES)] if count else []


def _drawn(rows: Sequence[tuple[int, int]], draw: Sequence[int]) -> float | None:
    of = sum(rows[index][1] for index in draw)
    return sum(rows[index][0] for index in draw) / of if of else None


def _bounds(values: Sequence[float | None]) -> Interval | None:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    outside = int(len(known) * (1 - LEVEL) / 2)
    return known[outside], known[-1 - outside]
