"""What the process that trains with unsloth is told."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from loresmith.recipe.train import Train
from loresmith.unsloth.place import Place


class Request(BaseModel):
    """`answers`: where the process leaves the run's facts, or why it ended."""

    model_config = ConfigDict(frozen=True)

    base: Path
    family: str
    dataset: Path
    train: Train
    parent: Path | None
    folder: Path
    place: Place
    answers: Path
