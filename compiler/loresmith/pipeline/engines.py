"""The engine that a recipe trains with, as one function whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from loresmith.pipeline.front_stages import family_of_base
from loresmith.pipeline.project import Project
from loresmith.recipe.train import Train
from loresmith.store.artefacts import Artefact

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement
    from loresmith.unsloth.request import Request


class Trainer(Protocol):
    """Trains an adapter on one base and one dataset."""

    def __call__(
        self,
        train: Train,
        parent: Path | None,
        folder: Path,
        on_step: Callable[[Measurement], None],
    ) -> dict[str, Any]:
        """Train with these settings, from the adapter folder `parent`, into `folder`; gives the run's facts."""
        ...


def trainer_of(project: Project, base: Artefact, dataset: Artefact, say: Callable[[str], None]) -> Trainer:
    """The trainer that the recipe's engine is; `say` hears what is worth a line to the user.

    The environment of unsloth is made here, when it isn't there: raises EnvironmentFailure when it can't be.
    """
    if project.recipe.train.engine == "unsloth":
        return _unsloth_trainer(project, base, dataset, say)
    return _torch_trainer(base, dataset, say)


def _torch_trainer(base: Artefact, dataset: Artefact, say: Callable[[str], None]) -> Trainer:
    from loresmith.environment.accelerator import detect_accelerator
    from loresmith.train.adapter import train_adapter

    family, accelerator = family_of_base(base), detect_accelerator()

    def train_here(train: Train, parent: Path | None, folder: Path, on_step: Any) -> dict[str, Any]:
        return train_adapter(
            base.folder, family, dataset.folder, train, parent, accelerator, folder, on_step, say=say
        )

    return train_here


def _unsloth_trainer(
    project: Project, base: Artefact, dataset: Artefact, say: Callable[[str], None]
) -> Trainer:
    from loresmith.unsloth.environment import unsloth_python
    from loresmith.unsloth.launch import launch_unsloth
    from loresmith.unsloth.place import require_place

    place = require_place()
    python = unsloth_python(place, project.store.root / "engines", say)

    def train_there(train: Train, parent: Path | None, folder: Path, on_step: Any) -> dict[str, Any]:
        def request(answers: Path) -> Request:
            from loresmith.unsloth.request import Request

            return Request(
                base=base.folder,
                family=family_of_base(base).name,
                dataset=dataset.folder,
                train=train,
                parent=parent,
                folder=folder,
                place=place,
                answers=answers,
            )

        return launch_unsloth(python, request, on_step)

    return train_there
