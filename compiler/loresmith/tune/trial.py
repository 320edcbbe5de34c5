"""One trial: a training with its values, told to optuna, stopped early where it can't win."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loresmith.diagnostics.failure import Rejected
from loresmith.tune.space import part_of

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

KEPT_FILES = ("metrics.jsonl", "history.json", "loss.png")
"""What stays of a finished trial; the best one's weights come again, to the bit, by training the tuned recipe."""
Trainer = Callable[[Mapping[str, float], Path, Callable[["Measurement"], None]], dict[str, Any]]
"""Trains with a trial's values in a folder, tells each step, and gives the run's facts."""


@dataclass(frozen=True)
class Ending:
    """How a trial ended: its least eval loss (None where it was stopped), and why it was stopped."""

    loss: float | None
    cause: str = ""


def run_trial(study: Any, trial: Any, train: Trainer, folder: Path, heard: Callable[[Any], None]) -> Ending:
    """Train with the trial's values and tell the study how it ended.

    A run that diverges is a stopped trial with its cause. What else is raised leaves the trial running: the next
    call goes on from its checkpoint.
    """
    import optuna
    from optuna.trial import TrialState

    began, earlier = time.monotonic(), trial.user_attrs.get("seconds", 0.0)
    ending = Ending(None, "worse than the median")
    try:
        facts = train(trial.params, folder, _judging(trial, heard))
        ending = Ending(facts["best_eval_loss"])
    except optuna.TrialPruned:
        pass
    except Rejected as failure:
        ending = Ending(None, failure.message)
    finally:
        trial.set_user_attr("seconds", earlier + time.monotonic() - began)
    trial.set_user_attr("cause", ending.cause)
    state = TrialState.PRUNED if ending.loss is None else TrialState.COMPLETE
    study.tell(trial, ending.loss, state=state)
    _tidy(folder)
    return ending


def _judging(trial: Any, heard: Callable[[Any], None]) -> Callable[[Measurement], None]:
    """What hears each step: eval losses go to the study, and the trial ends where it says so."""
    import optuna

    told = set(trial.study.trials[trial.number].intermediate_values)

    def judge(measurement: Measurement) -> None:
        heard(measurement)
        if measurement.eval_loss is None:
            return
        part = part_of(measurement.step, measurement.steps)
        if part not in told:
            trial.report(measurement.eval_loss, part)
        if measurement.step < measurement.steps and trial.should_prune():
            raise optuna.TrialPruned

    return judge


def _tidy(folder: Path) -> None:
    for path in folder.glob("*"):
        if path.is_file() and path.name not in KEPT_FILES:
            path.unlink()
