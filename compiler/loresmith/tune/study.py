"""The trials so far, kept in one SQLite file: each change is a transaction, so a kill loses at most the last one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.tune.space import PARTS

FILE = "study.sqlite"
NAME = "tune"
STARTUP_TRIALS = 5
"""Trials drawn at random before the sampler looks at their losses."""
UNPRUNED_TRIALS = 4
"""Trials that run to the end, so that there is a median to compare with."""
UNPRUNED_PARTS = PARTS // 4
"""How far every trial may run: while the learning rate rises, a loss tells little."""


@dataclass(frozen=True)
class Study:
    """An optuna study and its storage."""

    study: Any
    storage: Any
    seed: int

    def trials(self) -> list[Any]:
        """All trials as they are now, the oldest first."""
        return self.study.get_trials(deepcopy=False)

    def next_trial(self, distributions: dict[str, Any]) -> Any:
        """The trial that a stopped call left running, or a new one with its values drawn.

        What a trial tries depends on the seed, its number and the trials before it, not on where a call was stopped.
        """
        from optuna.samplers import TPESampler
        from optuna.trial import TrialState

        trials = self.trials()
        left = next((t.number for t in trials if t.state in (TrialState.RUNNING, TrialState.WAITING)), None)
        if left is not None:
            study_id = self.storage.get_study_id_from_name(NAME)
            trial_id = self.storage.get_trial_id_from_study_id_trial_number(study_id, left)
            self.storage.set_trial_state_values(trial_id, TrialState.WAITING)
        number = len(trials) if left is None else left
        self.study.sampler = TPESampler(
            n_startup_trials=STARTUP_TRIALS, seed=(self.seed * 1_000_003 + number) % 2**32
        )
        return self.study.ask(distributions)


def open_study(folder: Path, seed: int) -> Study:
    """The study in `folder`, made when it isn't there; raises EnvironmentFailure when its file is damaged."""
    import optuna
    from sqlalchemy.exc import DatabaseError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    pruner = optuna.pruners.MedianPruner(UNPRUNED_TRIALS, UNPRUNED_PARTS)
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{(folder / FILE).as_posix()}")
        study = optuna.create_study(
            storage=storage, pruner=pruner, study_name=NAME, direction="minimize", load_if_exists=True
        )
        study.get_trials(deepcopy=False)
    except (DatabaseError, optuna.exceptions.StorageInternalError) as error:
        raise EnvironmentFailure(
            "The file of the trials can't be used: it is damaged, or the disk is full.",
            where=str(folder / FILE),
            remedy="Free some space; or delete the file, then the search begins anew.",
        ) from error
    return Study(study, storage, seed)
