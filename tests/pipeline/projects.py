"""A project with a tiny random base, which the whole pipeline builds in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.commands.init import begin_project
from loresmith.pipeline.project import Project
from loresmith.recipe.load import load_recipe

from tests.families.tiny import make_folder

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

RECIPE = """\
name: tiny
base: {path: base}
target: llama.cpp
train:
  {rank: 2, batch_size: 1, epochs: 2, eval_every: 1, checkpoint_every: 1, context: 8192}
outputs:
  - {quantize: q8_0}
validate: {max_new_tokens: 4, max_divergence: 50}
"""


def make_project(root: Path, family: str = "gemma3") -> Path:
    """A project folder with a tiny base of the family, a recipe, and the two scenarios that `init` writes."""
    begin_project(root)
    make_folder(family, root / "base", max_position_embeddings=8192)
    (root / "recipes").mkdir()
    (root / "recipes" / "tiny.yaml").write_text(RECIPE)
    return root


def opened(root: Path, text: str = RECIPE) -> Project:
    """The project with a recipe text."""
    path = root / "recipes" / "tiny.yaml"
    path.write_text(text)
    return Project(root, load_recipe(path))


class Recorder:
    """A watcher that notes which stages ran and which were unchanged."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.ended: dict[str, str] = {}
        self.steps: list[int] = []
        self.notes: list[str] = []

    def stage_begins(self, title: str) -> None:
        """Note it."""
        self.ran.append(title)

    def stage_ends(self, title: str, outcome: str) -> None:
        """Note it."""
        self.ended[title] = outcome

    def advance(self, fraction: float) -> None:
        """The part done stays between 0 and 1."""
        assert 0 <= fraction <= 1

    def note(self, line: str) -> None:
        """Note it."""
        self.notes.append(line)

    def measure(self, measurement: Measurement) -> None:
        """Note the step."""
        self.steps.append(measurement.step)
