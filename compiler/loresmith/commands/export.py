"""`loresmith export`."""

from __future__ import annotations

import glob
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from loresmith.commands.watchers import watcher_for
from loresmith.deliver.configuration import app_configuration
from loresmith.deliver.versions import Delivery, Metadata, require_metadata, require_unchanged, versions_of
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.store.files import copy_file, disk_failures, sha256_of, sync_folder

GIVEN_UP = 600.0
"""Seconds without a write after which a copy that isn't whole counts as left behind."""


def export_model(name: str, destination: Path, version: str | None, root: Path) -> int:
    """Copy a delivered version's model file and projector, verified, and print their app configuration.

    Gives exit code 0. Raises Rejected when a file isn't what was built, EnvironmentFailure when its copy isn't.
    """
    folder = _version_folder(root / "ai-training" / "models" / name, name, version)
    metadata = require_metadata(folder)
    named = [file for file in (metadata.app.model, metadata.app.mmproj) if file]
    copies = _copies(folder, metadata, named, destination)
    delivery = Delivery(
        folder=destination,
        version=folder.name,
        model=copies[0],
        projector=copies[1] if metadata.app.mmproj else None,
        is_new=False,
    )
    print(app_configuration(delivery))
    return 0


def _version_folder(models: Path, name: str, version: str | None) -> Path:
    versions = versions_of(models)
    if not versions:
        raise InvalidCall(f"There is no model named {name!r}.", remedy="See: loresmith models")
    if version and version not in versions:
        raise InvalidCall(f"{name} has no version {version!r}.", remedy=f"Versions: {', '.join(versions)}.")
    return models / (version or versions[-1])


def _copies(folder: Path, metadata: Metadata, named: Sequence[str], destination: Path) -> list[Path]:
    """The copies of a version's files, made with progress once all of them are shown to be what was delivered."""
    title = f"Exporting {metadata.name} {folder.name}"
    with watcher_for(sys.stderr, quiet=False) as watcher:
        watcher.stage_begins(title)
        reports = _parts(watcher.advance, 3 * len(named))
        for file in named:
            require_unchanged(folder, metadata, file, next(reports))
        copies = [
            _copied(folder / file, destination / file, metadata.files[file].sha256, reports) for file in named
        ]
        watcher.stage_ends(title, "copied and verified")
    return copies


def _parts(report: Callable[[float], None], count: int) -> Iterator[Callable[[float], None]]:
    """The reports of so many parts of what `report` is told the whole of."""

    def one(part: int, done: float) -> None:
        report((part + done) / count)

    return (partial(one, part) for part in range(count))


def _copied(source: Path, destination: Path, sha256: str, reports: Iterator[Callable[[float], None]]) -> Path:
    with disk_failures(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        _clear(destination)
        with tempfile.NamedTemporaryFile(dir=destination.parent, prefix=f".{source.name}.") as scratch:
            copy = Path(f"{scratch.name}.work")
        try:
            copy_file(source, copy, next(reports))
            _require_true(copy, destination, sha256, next(reports))
            copy.replace(destination)
        finally:
            copy.unlink(missing_ok=True)
        sync_folder(destination.parent)
    return destination


def _clear(destination: Path) -> None:
    """Remove what killed exports left of this file."""
    for copy in destination.parent.glob(f".{glob.escape(destination.name)}.*.work"):
        # Another export may just have given its copy the name.
        with suppress(FileNotFoundError):
            if time.time() - copy.stat().st_mtime > GIVEN_UP:
                copy.unlink()


def _require_true(copy: Path, destination: Path, sha256: str, report: Callable[[float], None]) -> None:
    """Raise EnvironmentFailure where a copy has other bytes than what was delivered."""
    if sha256_of(copy, report) != sha256:
        raise EnvironmentFailure(
            "The copy came out different from the delivered file.",
            where=str(destination),
            remedy="Run the same command again; if it stays so, the disk there is damaged: name another place.",
        )
