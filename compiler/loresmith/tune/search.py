"""The whole search: trial after trial until there are as many as the recipe asks for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.pipeline.build import build_stage
from loresmith.pipeline.engines import trainer_of
from loresmith.pipeline.graph import stages_of
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Watcher
from loresmith.pipeline.train_stages import train_settings
from loresmith.recipe.tune import Tune
from loresmith.store.artefacts import Artefact, key_of
from loresmith.tune.space import INTEGERS, distributions_of, settings_of, values_text
from loresmith.tune.study import Study, open_study
from loresmith.tune.trial import Ending, Trainer, run_trial

VERSION = 1
EXAMPLE = """\
tune:
  trials: 20
  ranges:
    learning_rate: {low: 5.0e-5, high: 1.0e-3, log: true}
    rank: [8, 16, 32]"""


@dataclass(frozen=True)
class Tried:
    """One trial as a reader sees it. `loss`: the least eval loss, in nats; of a stopped one the last that it had."""

    number: int
    state: str
    loss: float | None
    values: Mapping[str, float]
    seconds: float
    cause: str


@dataclass(frozen=True)
class Searched:
    """All trials, in the order they were made, and the folder that holds them."""

    tried: list[Tried]
    asked: int
    folder: Path
    scenarios: int

    @property
    def best(self) -> Tried:
        """The trial with the least eval loss; raises Rejected when none ran to its end."""
        done = [t for t in self.tried if t.state == "done" and t.loss is not None]
        if not done:
            causes = "\n".join(f"trial {t.number + 1}: {t.cause}" for t in self.tried)
            raise Rejected(
                "No trial ran to its end.",
                excerpt=causes,
                remedy="Narrow the ranges, the learning rate first.",
            )
        return min(done, key=lambda t: (t.loss, t.number))


def search(project: Project, watcher: Watcher) -> Searched:
    """Run the trials that are missing and give them all.

    Raises InvalidCall when the recipe declares no ranges, and a Failure from whatever can't be built. A call that was
    stopped goes on where it was; more `trials` in the recipe go on from those that there are.
    """
    tune = declared_ranges(project)
    base, dataset = _inputs(project, watcher)
    folder = _folder(project, base, dataset, tune)
    scenarios = int(dataset.facts["train_scenarios"])
    with project.store.locked():
        study = open_study(folder, project.recipe.train.seed)
        run_missing(study, tune, _trainer(project, base, dataset, watcher.note), folder, watcher)
        tried = [tried_of(trial) for trial in study.trials()]
    return Searched(tried, tune.trials, folder, scenarios)


def declared_ranges(project: Project) -> Tune:
    """The recipe's tune section; raises InvalidCall when it has none."""
    if project.recipe.tune is None:
        raise InvalidCall(
            f"The recipe {project.recipe.name} declares no ranges to search.",
            remedy="Add a tune section, for example as above.",
            excerpt=EXAMPLE,
        )
    return project.recipe.tune


def _inputs(project: Project, watcher: Watcher) -> tuple[Artefact, Artefact]:
    """The base and the dataset that the recipe trains on, built where they weren't."""
    train = next(stage for stage in stages_of(project.recipe) if stage.name == "train")
    base, dataset = (build_stage(project, need, watcher) for need in train.needs)
    return base, dataset


def _folder(project: Project, base: Artefact, dataset: Artefact, tune: Tune) -> Path:
    """Where the trials of these ranges on this base and dataset are; other ones are another search."""
    recipe = project.recipe
    inputs = {
        "base": base.digest,
        "dataset": dataset.digest,
        "train": train_settings(recipe.train),
        "ranges": tune.ranges.model_dump(mode="json"),
    }
    return project.store.root / "tune" / recipe.name / key_of("tune", VERSION, inputs)


def _trainer(project: Project, base: Artefact, dataset: Artefact, say: Callable[[str], None]) -> Trainer:
    scenarios = int(dataset.facts["train_scenarios"])
    trainer = trainer_of(project, base, dataset, say)

    def train(values: Mapping[str, float], folder: Path, heard: Any) -> dict[str, Any]:
        settings = settings_of(project.recipe.train, values, scenarios)
        return trainer(settings, None, folder, heard)

    return train


def run_missing(study: Study, tune: Tune, train: Trainer, folder: Path, watcher: Watcher) -> None:
    """Run trials with `train` until as many have ended as the recipe asks for, or its time is up."""
    began, ran = time.monotonic(), 0
    while _ended(study) < tune.trials and not (ran and _is_late(began, tune)):
        trial = study.next_trial(distributions_of(tune.ranges))
        title = f"Trial {trial.number + 1} of {tune.trials}"
        watcher.stage_begins(f"{title}: {values_text(trial.params)}")
        work = folder / "trials" / f"{trial.number + 1:04d}"
        work.mkdir(parents=True, exist_ok=True)
        ending = run_trial(study.study, trial, train, work, watcher.measure)
        ran += 1
        left = (time.monotonic() - began) / ran * (tune.trials - _ended(study))
        watcher.stage_ends(f"{title}: {values_text(trial.params)}", _ending_text(ending) + _left_text(left))


def _is_late(began: float, tune: Tune) -> bool:
    return tune.timeout is not None and time.monotonic() - began >= tune.timeout


def _ended(study: Study) -> int:
    return sum(trial.state.is_finished() for trial in study.trials())


def _ending_text(ending: Ending) -> str:
    return f"stopped: {ending.cause}" if ending.loss is None else f"eval loss {ending.loss:.4f}"


def _left_text(seconds: float) -> str:
    return f"; about {math.ceil(seconds / 60)} min left for the other trials" if seconds else ""


def tried_of(trial: Any) -> Tried:
    """An optuna trial as a reader sees it."""
    last = trial.intermediate_values[max(trial.intermediate_values)] if trial.intermediate_values else None
    values = {name: int(v) if name in INTEGERS else float(v) for name, v in sorted(trial.params.items())}
    state = {"COMPLETE": "done", "PRUNED": "stopped"}.get(trial.state.name, "running")
    return Tried(
        trial.number,
        state,
        trial.value if state == "done" else last,
        values,
        trial.user_attrs.get("seconds", 0.0),
        trial.user_attrs.get("cause", ""),
    )
