"""`loresmith tune`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.commands.choice import chosen_project
from loresmith.commands.watchers import watcher_for
from loresmith.pipeline.project import Project
from loresmith.plan.feasibility import require_feasible
from loresmith.store.files import write_atomically

if TYPE_CHECKING:
    from loresmith.tune.search import Searched

PLOT = "tune.png"
TRIALS = "trials.json"


def tune_recipe(name: str, root: Path, *, quiet: bool, as_json: bool) -> int:
    """Search the recipe's ranges, print the trials and write the best as a recipe; gives exit code 0."""
    from loresmith.tune.plot import draw_search
    from loresmith.tune.search import declared_ranges, search
    from loresmith.tune.table import print_table
    from loresmith.tune.tuned_recipe import tuned_recipe_path, write_tuned_recipe

    project, _ = chosen_project(name, root)
    spans = declared_ranges(project).ranges.declared
    path = tuned_recipe_path(project.recipe, project.root)
    require_feasible(project)
    with watcher_for(sys.stdout, quiet=quiet or as_json) as watcher:
        searched = search(project, watcher)
    trials = json.dumps([asdict(trial) for trial in searched.tried], indent=1)
    write_atomically(searched.folder / TRIALS, trials + "\n")
    logarithmic = frozenset(name for name, span in spans.items() if span.log)
    draw_search(searched, logarithmic, searched.folder / PLOT)
    write_tuned_recipe(project.recipe, searched, path)
    if as_json:
        print(_as_json(searched, path))
        return 0
    print_table(searched.tried)
    print(_as_text(searched, path, project))
    return 0


def _as_text(searched: Searched, path: Path, project: Project) -> str:
    best, asked = searched.best, searched.asked
    shown = [p.relative_to(project.root) for p in (searched.folder / PLOT, path)]
    missing = asked - sum(trial.state != "running" for trial in searched.tried)
    late = f"\nThe time is up with {missing} trials missing: the same command goes on." if missing > 0 else ""
    return (
        f"\nBest: trial {best.number + 1}, eval loss {best.loss:.4f} nats.\nPicture: {shown[0]}\n"
        f"Recipe: {shown[1]} (loresmith train {path.stem}){late}"
    )


def _as_json(searched: Searched, path: Path) -> str:
    content = {
        "recipe": str(path),
        "plot": str(searched.folder / PLOT),
        "asked": searched.asked,
        "best": asdict(searched.best),
        "trials": [asdict(trial) for trial in searched.tried],
    }
    return json.dumps(content, indent=2)
