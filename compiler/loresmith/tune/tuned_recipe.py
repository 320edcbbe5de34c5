"""The best trial's settings as a recipe."""

from __future__ import annotations

from pathlib import Path

import yaml

from loresmith.diagnostics.failure import InvalidCall
from loresmith.recipe.schema import Recipe
from loresmith.store.files import write_atomically
from loresmith.tune.search import Searched
from loresmith.tune.space import settings_of

MARK = "# Written by `loresmith tune"


def tuned_recipe_path(recipe: Recipe, root: Path) -> Path:
    """Where the tuned recipe goes; raises InvalidCall when a file is there that a person wrote."""
    path = root / "recipes" / f"{recipe.name}-tuned.yaml"
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        raise InvalidCall(
            "A recipe stands where the tuned one would be written.",
            where=str(path),
            remedy="Give it another name; loresmith overwrites only what it wrote.",
        )
    return path


def write_tuned_recipe(recipe: Recipe, searched: Searched, path: Path) -> None:
    """Write the recipe with the best trial's settings: training it repeats that trial."""
    best = searched.best
    settings = settings_of(recipe.train, best.values, searched.scenarios)
    own = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"tune"})
    values = {**best.values, "eval_every": settings.eval_every}
    own |= {"name": f"{recipe.name}-tuned", "train": own.get("train", {}) | values}
    origin = (
        f"{MARK} {recipe.name}`: the settings of trial {best.number + 1}, the best of "
        f"{len(searched.tried)}, with an eval loss of {best.loss:.4f} nats.\n"
        "# eval_every is the search's, so that training measures at the same steps.\n"
    )
    write_atomically(path, origin + yaml.safe_dump(own, sort_keys=False, allow_unicode=True))
