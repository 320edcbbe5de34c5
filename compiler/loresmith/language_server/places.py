"""Which files of a project the server knows, by where they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pygls.uris import to_fs_path

Kind = Literal["scenario", "recipe", "tools"]

PROJECT = "ai-training"
"""The folder that makes the one around it a project."""


@dataclass(frozen=True)
class Place:
    """A file of the project at `root`; `shown` is its path from there."""

    kind: Kind
    root: Path
    path: Path

    @property
    def shown(self) -> str:
        """The path as findings show it."""
        return self.path.relative_to(self.root).as_posix()

    @property
    def tools(self) -> Path:
        """The project's own tools.yaml, whether it is there or not."""
        return self.root / PROJECT / "tools.yaml"


def place_of(uri: str) -> Place | None:
    """The file that a URI names; None where it is none of ours."""
    name = to_fs_path(uri)
    if not name:
        return None
    path = Path(name)
    root = next((folder for folder in path.parents if (folder / PROJECT).is_dir()), None)
    kind = _kind(path.relative_to(root)) if root else None
    return Place(kind, root, path) if root and kind else None


def _kind(path: Path) -> Kind | None:
    if path.suffix == ".md":
        return "scenario" if "scenarios" in path.parts[:-1] else None
    if path == Path(PROJECT, "tools.yaml"):
        return "tools"
    is_recipe = path.suffix in (".yaml", ".yml") and path.parts[:-1] == ("recipes",)
    return "recipe" if is_recipe else None
