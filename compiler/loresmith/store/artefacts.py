"""Artefacts under `ai-training/build/<stage>/<key>/`: keyed by what went into them, renamed when whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.store.files import disk_failures, sha256_of, sync_file, sync_folder, write_atomically
from loresmith.store.programs import installed_versions

MANIFEST = "manifest.json"


class Artefact(BaseModel):
    """A finished stage's result. `digest` stands for the bytes of its files, whatever made them; `made_with` names what
    did, with versions, and is empty in artefacts from before it was kept."""

    model_config = ConfigDict(frozen=True)

    stage: str
    key: str
    inputs: dict[str, Any]
    facts: dict[str, Any]
    files: dict[str, str]
    digest: str
    made_with: dict[str, str] = {}
    folder: Path


def key_of(stage: str, version: int, inputs: Mapping[str, Any]) -> str:
    """The artefact key: 16 hex digits of the sha256 of the stage, its version and its inputs."""
    text = json.dumps([stage, version, inputs], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Store:
    """The build folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, stage: str, key: str) -> Artefact | None:
        """The artefact, or None when it hasn't been built whole, or isn't whole any more."""
        folder = self.root / stage / key
        try:
            content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            artefact = Artefact(folder=folder, **content)
        except (OSError, ValueError, TypeError):
            return None
        return artefact if all((folder / name).is_file() for name in artefact.files) else None

    def work_folder(self, stage: str, key: str) -> Path:
        """Where an artefact grows until it is whole; a resumable stage keeps its checkpoints there."""
        return self.root / stage / f"{key}.work"

    def build(
        self,
        stage: str,
        key: str,
        inputs: Mapping[str, Any],
        make: Callable[[Path], dict[str, Any]],
        *,
        resumable: bool = False,
        unkeyed: tuple[str, ...] = (),
    ) -> Artefact:
        """Run `make` in a work folder and rename it when whole; `make` gives the artefact's facts.

        Files named in `unkeyed` (logs with times) don't count for the digest. An artefact that is already
        there is given back as it is. What a failed or killed run left of a stage that can't be resumed is
        removed.
        """
        if found := self.find(stage, key):
            return found
        work = self.work_folder(stage, key)
        if not resumable:
            self._clear(stage)
        try:
            with disk_failures(work):
                work.mkdir(parents=True, exist_ok=True)
                facts = make(work)
                self._finish(stage, key, dict(inputs), facts, unkeyed)
        finally:
            if not resumable:
                self._clear(stage)
        found = self.find(stage, key)
        assert found is not None
        return found

    def _clear(self, stage: str) -> None:
        """Remove a stage's work folders; the store's lock says that no run is using them."""
        for work in self.root.joinpath(stage).glob("*.work"):
            shutil.rmtree(work, ignore_errors=True)

    def _finish(
        self, stage: str, key: str, inputs: dict[str, Any], facts: dict[str, Any], unkeyed: tuple[str, ...]
    ) -> None:
        work, folder = self.work_folder(stage, key), self.root / stage / key
        paths = sorted(path for path in work.rglob("*") if path.is_file())
        files = {path.relative_to(work).as_posix(): sha256_of(path) for path in paths}
        keyed = {name: digest for name, digest in files.items() if name not in unkeyed}
        digest = hashlib.sha256(json.dumps(keyed, sort_keys=True).encode()).hexdigest()
        content = {
            "stage": stage, "key": key, "inputs": inputs, "facts": facts, "files": files, "digest": digest,
            "made_with": installed_versions(),
        }  # fmt: skip
        for path in paths:
            sync_file(path)
        write_atomically(work / MANIFEST, json.dumps(content, indent=2, sort_keys=True) + "\n")
        if folder.exists():
            shutil.rmtree(folder)
        work.replace(folder)
        sync_folder(folder.parent)

    @contextmanager
    def locked(self) -> Any:
        """Keep other builds of this project away; raises EnvironmentFailure when one is running."""
        with disk_failures(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise EnvironmentFailure(
                "Another loresmith build is running in this project.",
                where=str(self.root),
                remedy="Wait for it to end, or stop it; then run the same command again.",
            ) from error
        try:
            yield
        finally:
            lock.release()
