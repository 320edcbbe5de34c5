"""One project and one recipe: the paths and settings that every stage reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.diagnostics.failure import InvalidCall
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.recipe.schema import Data, Recipe
from loresmith.store.artefacts import Store

if TYPE_CHECKING:
    from loresmith.train.cluster import Cluster


@dataclass(frozen=True)
class Project:
    """The project's root folder and the recipe to build; `cluster`: the processes to train it in, if not this one."""

    root: Path
    recipe: Recipe
    cluster: Cluster | None = None

    @property
    def store(self) -> Store:
        """The build folder."""
        return Store(self.root / "ai-training" / "build")

    @property
    def models(self) -> Path:
        """Where finished models are delivered."""
        return self.root / "ai-training" / "models"

    @property
    def scenarios(self) -> Path:
        """The scenarios folder; raises InvalidCall when it leads out of the project."""
        return self._inside(self.recipe.data.scenarios)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tools: the shipped ones and the project's own. Raises InvalidCall where the recipe names another file
        than the usual one, and it isn't there."""
        tools = self._inside(self.recipe.data.tools)
        if self.recipe.data.tools != Data().tools and not tools.is_file():
            reason = "This file of tools, which the recipe names as data.tools, isn't there."
            raise InvalidCall(
                reason, where=self.recipe.data.tools, remedy="Correct data.tools, or write the file."
            )
        return load_vocabulary(tools)

    @cached_property
    def tools_digest(self) -> str:
        """The sha256 of the vocabulary."""
        return hashlib.sha256(self.vocabulary.model_dump_json().encode()).hexdigest()

    def _inside(self, relative: str) -> Path:
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise InvalidCall("This path leads out of the project.", where=relative)
        return path
