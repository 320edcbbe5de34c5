"""What a trial may try, and the training settings it makes of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from loresmith.recipe.train import Train
from loresmith.recipe.tune import Range, Ranges

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

INTEGERS = frozenset({"rank", "epochs", "batch_size"})
PARTS = 8
"""A trial's eval loss is measured after each eighth of its steps, however many there are, so that trials compare."""


def distributions_of(ranges: Ranges) -> dict[str, BaseDistribution]:
    """The declared ranges as optuna knows them, in the order of their names."""
    declared = sorted(ranges.declared.items())
    return {name: _distribution(span, integer=name in INTEGERS) for name, span in declared}


def _distribution(span: Range, *, integer: bool) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if span.values:
        return CategoricalDistribution([int(v) if integer else v for v in span.values])
    low, high = span.bounds
    if integer:
        return IntDistribution(int(low), int(high), log=span.log)
    return FloatDistribution(low, high, log=span.log)


def settings_of(train: Train, values: Mapping[str, float], scenarios: int) -> Train:
    """The recipe's settings with a trial's values, measured after each of the `PARTS` of the run."""
    from loresmith.train.loop import total_steps

    tried = train.model_copy(update={**values, "incremental": False})
    every = -(-total_steps(scenarios, tried) // PARTS)
    return tried.model_copy(update={"eval_every": every})


def part_of(step: int, steps: int) -> int:
    """How many whole parts of the run are done at `step`: up to `PARTS`, another number at each measured step."""
    return step * PARTS // steps


def values_text(values: Mapping[str, float]) -> str:
    """A trial's values as one line: `learning_rate 0.00031, rank 16`."""
    return ", ".join(f"{name} {value:.3g}" for name, value in sorted(values.items()))
