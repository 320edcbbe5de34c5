"""Find a recipe and read it."""

from __future__ import annotations

import difflib
from pathlib import Path

from loresmith.diagnostics.failure import InvalidCall
from loresmith.diagnostics.yaml_file import read_yaml
from loresmith.recipe.schema import Recipe
from loresmith.resources import shipped_folder


def load_recipe(path: Path, text: str | None = None) -> Recipe:
    """The recipe in a file, or in `text` where an editor holds what isn't saved yet.

    Raises InvalidCall with line, column, excerpt and a did-you-mean.
    """
    return read_yaml(path, "recipe", text=text).typed(Recipe)


def find_recipe(name: str, project: Path) -> Path:
    """The file of a recipe given by path or by name (the project's recipes first, then the shipped ones).

    Raises InvalidCall with a did-you-mean.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = project / name
        if not path.is_file():
            raise InvalidCall("There is no such recipe file.", where=name, remedy=_known(name, project))
        return path
    for folder in (project / "recipes", shipped_folder("recipes")):
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    raise InvalidCall(f"There is no recipe named {name!r}.", remedy=_known(name, project))


def recipe_names(project: Path) -> list[str]:
    """The names of all recipes that can be called, sorted."""
    folders = (project / "recipes", shipped_folder("recipes"))
    return sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.yaml")})


def _known(name: str, project: Path) -> str:
    names = recipe_names(project)
    close = difflib.get_close_matches(Path(name).stem, names, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}Known recipes: {', '.join(names)}."
