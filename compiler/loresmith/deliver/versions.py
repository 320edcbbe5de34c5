"""`ai-training/models/<name>/<version>/`: the GGUF files, the report and model-metadata.json."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loresmith.diagnostics.failure import Rejected
from loresmith.store.files import copy_file, disk_failures, sha256_of, sync_folder, write_atomically

METADATA = "model-metadata.json"
_VERSION = re.compile(r"v(\d+)")


class App(BaseModel):
    """The files that the app loads, by name."""

    model: str
    mmproj: str | None = None


class DeliveredFile(BaseModel):
    """A delivered file as it was built."""

    bytes: int
    sha256: str


class Base(BaseModel):
    """The base that a version was trained from."""

    name: str


class Training(BaseModel):
    """How well its training went, in nats a token."""

    best_eval_loss: float


class Judged(BaseModel):
    """Of the replies whose reference has a call, the share with one that can be used; None where no reference has."""

    call_valid: float | None


class Metadata(BaseModel):
    """What is listed of a delivered version, and what its export needs; more is in the file."""

    name: str
    version: str
    target: str
    base: Base
    app: App
    files: dict[str, DeliveredFile]
    training: Training
    scores: dict[str, Judged] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_its_files(self) -> Metadata:
        for name in filter(None, (self.app.model, self.app.mmproj)):
            if name not in self.files:
                raise ValueError(f"{name} isn't among the files")
        return self


class Delivery(BaseModel):
    """One delivered version. `is_new` is false when the same build was delivered before."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    version: str
    model: Path
    projector: Path | None
    is_new: bool


def deliver(
    models: Path, name: str, build: str, files: Mapping[str, Path], metadata: Mapping[str, Any]
) -> Delivery:
    """Put the files into the next version's folder; the newest version's `build` isn't delivered again, but gets back
    what was deleted of it. An older one becomes the newest again, as another version.

    `files` maps delivered names to artefact files, the app's model first. GGUF files are hard links where the
    file system allows them: artefacts are never changed.
    """
    root = models / name
    versions = versions_of(root)
    if versions and _is_of(root / versions[-1], build):
        with disk_failures(root / versions[-1]):
            _complete(root / versions[-1], files)
        return _delivery(root / versions[-1], is_new=False)
    number = int(versions[-1][1:]) + 1 if versions else 1
    work = root / f".v{number}.work"
    with disk_failures(work):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        for delivered, source in files.items():
            _link_or_copy(source, work / delivered)
        content = {"name": name, "version": f"v{number}", "build": build, **metadata}
        write_atomically(work / METADATA, json.dumps(content, indent=2) + "\n")
        work.replace(root / f"v{number}")
        sync_folder(root)
    return _delivery(root / f"v{number}", is_new=True)


def _is_of(folder: Path, build: str) -> bool:
    """Whether a version is of this build, and says which of its files the app loads."""
    metadata = read_metadata(folder)
    try:
        App.model_validate(metadata.get("app"))
    except ValidationError:
        return False
    return metadata.get("build") == build


def _complete(folder: Path, files: Mapping[str, Path]) -> None:
    for delivered, source in files.items():
        if not (folder / delivered).exists():
            work = folder / f".{delivered}.work"
            work.unlink(missing_ok=True)
            _link_or_copy(source, work)
            work.replace(folder / delivered)
    sync_folder(folder)


def versions_of(root: Path) -> list[str]:
    """The delivered versions of a model, oldest first."""
    found = [path.name for path in root.glob("v*") if _VERSION.fullmatch(path.name)]
    return sorted(found, key=lambda version: int(version[1:]))


def read_metadata(folder: Path) -> dict[str, Any]:
    """The metadata of a delivered version; empty when it can't be read."""
    try:
        content = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def require_metadata(folder: Path) -> Metadata:
    """What the metadata of a delivered version say; raises Rejected where they can't be read or aren't whole."""
    try:
        return Metadata.model_validate(read_metadata(folder))
    except ValidationError as error:
        missing = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Rejected(
            "The metadata of this model can't be read.",
            where=str(folder / METADATA),
            remedy=f"{missing} should be in it. Delete the folder {folder} and run: "
            f"loresmith train {folder.parent.name}",
        ) from error


def require_unchanged(
    folder: Path, metadata: Metadata, name: str, report: Callable[[float], None] = lambda _done: None
) -> None:
    """Raise Rejected where a version's file isn't the one that was delivered. `report` is told the part that was
    read."""
    file = folder / name
    if not file.is_file() or sha256_of(file, report) != metadata.files[name].sha256:
        raise Rejected(
            f"The delivered file {'was changed since it was built' if file.is_file() else 'is gone'}.",
            where=str(file),
            remedy=f"Delete the folder {folder} and run: loresmith train {folder.parent.name}. Where that is refused "
            "too, the build's copy was changed with it: delete ai-training/build/quantize-* as well.",
        )


def _delivery(folder: Path, *, is_new: bool) -> Delivery:
    app = App.model_validate(read_metadata(folder)["app"])
    return Delivery(
        folder=folder,
        version=folder.name,
        model=folder / app.model,
        projector=folder / app.mmproj if app.mmproj else None,
        is_new=is_new,
    )


def _link_or_copy(source: Path, destination: Path) -> None:
    try:
        os.link(source, destination)
    except OSError:
        copy_file(source, destination)
