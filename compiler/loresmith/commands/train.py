"""`loresmith train`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from loresmith.commands.choice import chosen_project
from loresmith.commands.trackers import tracked
from loresmith.commands.watchers import watcher_for
from loresmith.deliver.configuration import app_configuration
from loresmith.deliver.versions import Delivery, read_metadata
from loresmith.plan.feasibility import require_feasible


def train_recipe(
    name: str | None, root: Path, *, quiet: bool, as_json: bool, trackers: Sequence[str] = ()
) -> int:
    """Build a recipe and print the delivered paths; gives exit code 0.

    `trackers` are names of `commands.trackers.CALLBACKS` that the training is shown in.
    """
    from loresmith.pipeline.build import run_build

    quiet = quiet or as_json
    project, reason = chosen_project(name, root)
    if reason and not quiet:
        print(reason)
    require_feasible(project)
    with watcher_for(sys.stdout, quiet=quiet) as watcher, tracked(watcher, trackers, project) as tracking:
        delivery = run_build(project, tracking)
    print(_as_json(delivery) if as_json else _as_text(delivery, root))
    return 0


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
