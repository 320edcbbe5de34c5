"""`loresmith train`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from loresmith.commands.choice import chosen_project
from loresmith.commands.trackers import tracked
from loresmith.commands.watchers import watcher_for
from loresmith.deliver.configuration import app_configuration
from loresmith.deliver.versions import Delivery, read_metadata
from loresmith.diagnostics.failure import InvalidCall
from loresmith.pipeline.project import Project
from loresmith.plan.feasibility import require_feasible


def train_recipe(
    name: str | None,
    root: Path,
    *,
    quiet: bool,
    as_json: bool,
    trackers: Sequence[str] = (),
    accelerate: Path | None = None,
) -> int:
    """Build a recipe and print the delivered paths; gives exit code 0.

    `trackers` are names of `commands.trackers.CALLBACKS` that the training is shown in; `accelerate` is the
    configuration of the processes to train in. On a machine other than its first only the training is joined.
    """
    from loresmith.pipeline.build import join_training, run_build

    quiet = quiet or as_json
    project, reason = chosen_project(name, root)
    notes = [reason]
    if accelerate:
        project = _in_cluster(project, accelerate)
        notes.append(project.cluster.precision_note(project.recipe.train) if project.cluster else "")
    if not quiet:
        print("".join(f"{note}\n" for note in notes if note), end="")
    require_feasible(project)
    if project.cluster and project.cluster.machine:
        with watcher_for(sys.stdout, quiet=quiet) as watcher:
            join_training(project, watcher)
        return 0
    with watcher_for(sys.stdout, quiet=quiet) as watcher, tracked(watcher, trackers, project) as tracking:
        delivery = run_build(project, tracking)
    print(_as_json(delivery) if as_json else _as_text(delivery, root))
    return 0


def _in_cluster(project: Project, configuration: Path) -> Project:
    """The project, to be trained in the processes of a configuration; raises a Failure when that can't be."""
    from loresmith.train.cluster import read_cluster, require_devices

    if project.recipe.train.engine != "torch":
        raise InvalidCall(
            f"The {project.recipe.train.engine} engine trains in one process; --accelerate starts several.",
            remedy="Leave out --accelerate, or set train.engine: torch.",
        )
    cluster = read_cluster(configuration)
    require_devices(cluster)
    return replace(project, cluster=cluster)


def _as_text(delivery: Delivery, root: Path) -> str:
    folder = delivery.folder.relative_to(root) if delivery.folder.is_relative_to(root) else delivery.folder
    state = "New version" if delivery.is_new else "Nothing has changed: version"
    return (
        f"\n{state} {delivery.version}: {folder}\n"
        f"Report: {folder / 'report.html'}\n\nPaste into cactus.ts:\n\n{app_configuration(delivery)}"
    )


def _as_json(delivery: Delivery) -> str:
    metadata = read_metadata(delivery.folder)
    return json.dumps(
        {
            "modelPath": str(delivery.model.resolve()),
            "mmprojPath": str(delivery.projector.resolve()) if delivery.projector else None,
            "version": delivery.version,
            "new": delivery.is_new,
            "scores": metadata["scores"],
        },
        indent=2,
    )
