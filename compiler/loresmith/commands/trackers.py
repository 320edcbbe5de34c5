"""Training shown in TensorBoard or Weights & Biases, by transformers' own callbacks for them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.pipeline.build import states_of
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Watcher

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

CALLBACKS = {"tensorboard": "TensorBoardCallback", "wandb": "WandbCallback"}
"""The package to install, and transformers' callback for it."""
_NEED_THE_MODEL = ("WANDB_LOG_MODEL", "WANDB_WATCH")


@dataclass(frozen=True)
class RunSettings:
    """What the callbacks ask of transformers' TrainingArguments: where to write, a name, and the settings."""

    output_dir: str
    run_name: str
    settings: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The recipe, as it is shown beside the run."""
        return self.settings

    def to_json_string(self) -> str:
        """The recipe as JSON."""
        return json.dumps(self.settings, indent=2)


class TrackedWatcher:
    """A watcher whose training steps also go to callbacks."""

    def __init__(self, watcher: Watcher, callbacks: Sequence[Any], settings: RunSettings) -> None:
        from transformers import TrainerControl, TrainerState

        self.watcher, self.callbacks = watcher, callbacks
        self.given = (settings, TrainerState(), TrainerControl())

    def stage_begins(self, title: str) -> None:
        """Pass it on."""
        self.watcher.stage_begins(title)

    def stage_ends(self, title: str, outcome: str) -> None:
        """Pass it on."""
        self.watcher.stage_ends(title, outcome)

    def advance(self, fraction: float) -> None:
        """Pass it on."""
        self.watcher.advance(fraction)

    def note(self, line: str) -> None:
        """Pass it on."""
        self.watcher.note(line)

    def measure(self, measurement: Measurement) -> None:
        """Log the step, then pass it on."""
        state = self.given[1]
        state.global_step, state.max_steps = measurement.step, measurement.steps
        for callback in self.callbacks:
            callback.on_log(*self.given, logs=logs_of(measurement))
        self.watcher.measure(measurement)


@contextmanager
def tracked(watcher: Watcher, names: Sequence[str], project: Project) -> Generator[Watcher]:
    """`watcher`, or one that also tells the trackers named; where nothing is to be trained no run is begun.

    Raises EnvironmentFailure, before anything is built, when a tracker isn't installed or can't begin.
    """
    callbacks = [_callback(name) for name in names]
    if not callbacks or any(s.artefact for s in states_of(project) if s.stage.name == "train"):
        yield watcher
        return
    recipe = project.recipe
    folder = project.store.root / "runs" / recipe.name
    settings = RunSettings(str(folder), recipe.name, recipe.model_dump(mode="json", by_alias=True))
    tracking = TrackedWatcher(watcher, callbacks, settings)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("WANDB_PROJECT", "loresmith")
    os.environ.setdefault("WANDB_DIR", str(folder))
    for name, callback in zip(names, callbacks, strict=True):
        _begin(name, callback, tracking)
    try:
        yield tracking
    finally:
        for callback in callbacks:
            callback.on_train_end(*tracking.given)


def logs_of(measurement: Measurement) -> dict[str, float]:
    """A step by the names under which transformers logs; `eval_loss` only where it was measured."""
    logs = {
        "loss": measurement.loss,
        "learning_rate": measurement.learning_rate,
        "grad_norm": measurement.gradient_norm,
        "tokens_per_second": measurement.tokens / measurement.seconds,
        "supervised_tokens": measurement.supervised,
        "memory_bytes": measurement.memory_bytes,
    }
    return logs if measurement.eval_loss is None else logs | {"eval_loss": measurement.eval_loss}


def _callback(name: str) -> Any:
    """The callback; raises EnvironmentFailure when its package is missing."""
    from transformers import integrations

    asked = [key for key in _NEED_THE_MODEL if os.environ.get(key, "false").lower() not in ("", "false")]
    if name == "wandb" and asked:
        raise InvalidCall(
            f"{asked[0]} isn't supported: loresmith sends numbers to Weights & Biases, no weights.",
            remedy=f"Unset {asked[0]}.",
        )
    try:
        return getattr(integrations, CALLBACKS[name])()
    except RuntimeError as error:
        raise EnvironmentFailure(
            f"--{name} needs the package {name}, which isn't installed.",
            remedy=f"{Path(sys.executable).name} -m pip install {name}, in the environment that loresmith runs in.",
        ) from error


def _begin(name: str, callback: Any, tracking: TrackedWatcher) -> None:
    try:
        callback.on_train_begin(*tracking.given)
    except Exception as error:
        # The trackers have exceptions of their own, known only where they are installed.
        raise EnvironmentFailure(
            f"{name} can't begin: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}",
            remedy="Set it up (for wandb: `wandb login`, or WANDB_MODE=offline), or run without it.",
        ) from error
