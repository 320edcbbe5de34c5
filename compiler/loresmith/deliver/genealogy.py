"""What a delivered version descends from: the artefacts it was made of, and the versions before it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from loresmith.deliver.versions import read_metadata, versions_of


class Ancestor(BaseModel):
    """An artefact. `digest` stands for its bytes, `files` holds the sha256 of each of them, `parents` the names of
    those it was made of, `made_with` the versions of the programs that were installed; empty where it wasn't kept."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    key: str
    digest: str
    summary: str
    parents: tuple[str, ...]
    inputs: dict[str, Any]
    files: dict[str, str]
    stage_version: int
    made_with: dict[str, str]


class Forebear(BaseModel):
    """An adapter that a later one began from. The facts are None once its artefact has been deleted."""

    model_config = ConfigDict(frozen=True)

    key: str
    digest: str | None
    dataset: str | None
    recipe_digest: str | None
    best_eval_loss: float | None


class Earlier(BaseModel):
    """A version of this recipe that was delivered before. `exact` is its share of replies with exactly the reference's
    calls, on the eval split of then."""

    model_config = ConfigDict(frozen=True)

    version: str
    build: str
    dataset: str
    train_scenarios: int
    best_eval_loss: float
    exact: float | None
    bytes: int


class Genealogy(BaseModel):
    """`ancestors` in the order they were made, `forebears` and `earlier` the newest first."""

    model_config = ConfigDict(frozen=True)

    recipe: str
    recipe_digest: str
    build: str
    ancestors: tuple[Ancestor, ...]
    forebears: tuple[Forebear, ...]
    earlier: tuple[Earlier, ...]


def earlier_versions(root: Path, build: str) -> tuple[Earlier, ...]:
    """The versions in a model's folder, newest first, without the newest where it is of this build.

    One whose metadata can't be read, or aren't whole, is left out.
    """
    found = list[Earlier]()
    delivered = [read_metadata(root / version) for version in versions_of(root)]
    if delivered and delivered[-1].get("build") == build:
        del delivered[-1]
    for metadata in reversed(delivered):
        with suppress(KeyError, TypeError, AttributeError, StopIteration, ValueError):
            found.append(_earlier(metadata))
    return tuple(found)


def _earlier(metadata: dict[str, Any]) -> Earlier:
    return Earlier(
        version=metadata["version"],
        build=metadata["build"],
        dataset=metadata["data"]["digest"],
        train_scenarios=metadata["data"]["train_scenarios"],
        best_eval_loss=metadata["training"]["best_eval_loss"],
        exact=next(iter(metadata["scores"].values()))["exact"],
        bytes=metadata["files"][metadata["app"]["model"]]["bytes"],
    )
