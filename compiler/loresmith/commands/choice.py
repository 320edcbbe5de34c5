"""Which recipe a command means: the named one, or the largest shipped one that this machine can run."""

from __future__ import annotations

from pathlib import Path

from loresmith.pipeline.project import Project
from loresmith.plan.feasibility import choose_recipe
from loresmith.recipe.load import find_recipe, load_recipe


def chosen_project(name: str | None, root: Path) -> tuple[Project, str]:
    """The project with its recipe, and the reason for the choice (empty when the recipe was named)."""
    root = root.resolve()
    if name:
        return Project(root, load_recipe(find_recipe(name, root))), ""
    recipe, reason = choose_recipe(root)
    return Project(root, recipe), reason
