"""What a stage is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from loresmith.pipeline.project import Project
from loresmith.store.artefacts import Artefact

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

Built = Mapping[str, Artefact]


class Watcher(Protocol):
    """Who is told how the build goes."""

    def stage_begins(self, title: str) -> None:
        """A stage starts to run."""
        ...

    def stage_ends(self, title: str, outcome: str) -> None:
        """A stage is done, or was found built; `outcome` is one line about its result."""
        ...

    def advance(self, fraction: float) -> None:
        """The part of the running stage that is done, between 0 and 1."""
        ...

    def note(self, line: str) -> None:
        """Something about the running stage is worth a line."""
        ...

    def measure(self, measurement: Measurement) -> None:
        """A training step is done."""
        ...


@dataclass(frozen=True)
class Stage:
    """One step of the build: a function from artefacts to an artefact.

    `inputs` gives what the key is made of, besides name and version; `make` fills the folder and gives the
    artefact's facts. A `resumable` stage keeps its work folder when it is stopped. Files in `unkeyed` don't
    count for the artefact's digest.
    """

    name: str
    version: int
    title: str
    needs: tuple[str, ...]
    inputs: Callable[[Project, Built], dict[str, Any]]
    make: Callable[[Project, Built, Path, Watcher], dict[str, Any]]
    summary: Callable[[Artefact], str]
    resumable: bool = False
    unkeyed: tuple[str, ...] = ()
