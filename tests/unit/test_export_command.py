"""`loresmith export`: a copy is verified, and two of them don't meet."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
from loresmith.commands import export
from loresmith.commands.entry import exit_code_of
from loresmith.commands.watchers import SilentWatcher
from loresmith.deliver.versions import METADATA
from loresmith.pipeline.stage import Watcher
from loresmith.store import files

from tests.messages import said
from tests.unit.test_refusals import DELIVERED

WEIGHTS = b"GGUF and what follows"


@pytest.fixture
def delivered(project: Path) -> Path:
    """The model file of a delivered version of `dm`."""
    folder = project / "ai-training" / "models" / "dm" / "v1"
    folder.mkdir(parents=True)
    files = {"m.gguf": {"bytes": len(WEIGHTS), "sha256": hashlib.sha256(WEIGHTS).hexdigest()}}
    (folder / METADATA).write_text(json.dumps(DELIVERED | {"files": files}))
    (folder / "m.gguf").write_bytes(WEIGHTS)
    return folder / "m.gguf"


def after_a_copy(monkeypatch: pytest.MonkeyPatch, then: Callable[[Path], object]) -> None:
    """Let something happen once to the next copy, when it is written."""
    copy = export.copy_file

    def copied(source: Path, destination: Path, report: Callable[[float], None]) -> None:
        monkeypatch.setattr(export, "copy_file", copy)
        copy(source, destination, report)
        then(destination)

    monkeypatch.setattr(export, "copy_file", copied)


def test_the_copy_is_the_delivered_file(
    delivered: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["export", "dm", "app"]) == 0
    assert "Exporting dm v1: copied and verified" in capsys.readouterr().err
    assert [path.name for path in (project / "app").iterdir()] == ["m.gguf"]
    assert (project / "app" / "m.gguf").read_bytes() == delivered.read_bytes()


def test_a_copy_that_came_out_different_gets_no_name(
    delivered: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "app").mkdir()
    (project / "app" / "m.gguf").write_bytes(b"an older one")
    after_a_copy(monkeypatch, lambda copy: copy.write_bytes(WEIGHTS[:-1] + b"?"))
    assert exit_code_of(["export", "dm", "app"]) == 3
    assert "The copy came out different" in said(capsys)
    assert [path.read_bytes() for path in (project / "app").iterdir()] == [b"an older one"]
    assert exit_code_of(["export", "dm", "app"]) == 0
    assert (project / "app" / "m.gguf").read_bytes() == delivered.read_bytes()


def test_two_exports_into_one_folder_dont_meet(
    delivered: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = list[int]()
    after_a_copy(monkeypatch, lambda _copy: codes.append(exit_code_of(["export", "dm", "app"])))
    codes.append(exit_code_of(["export", "dm", "app"]))
    assert codes == [0, 0]
    assert [path.name for path in (project / "app").iterdir()] == ["m.gguf"]


def test_what_a_killed_export_left_is_removed(delivered: Path, project: Path) -> None:
    (project / "app").mkdir()
    killed, at_work = (project / "app" / f".m.gguf.{name}.work" for name in ("killed", "at-work"))
    for copy in (killed, at_work):
        copy.write_bytes(WEIGHTS[:5])
    os.utime(killed, (1, 1))
    assert exit_code_of(["export", "dm", "app"]) == 0
    assert sorted(path.name for path in (project / "app").iterdir()) == [at_work.name, "m.gguf"]


def test_the_copy_is_on_the_disk_before_it_gets_its_name(
    delivered: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = list[bool]()

    def synced(_file: Path) -> None:
        named.append((project / "app" / "m.gguf").exists())

    monkeypatch.setattr(files, "sync_file", synced)
    assert exit_code_of(["export", "dm", "app"]) == 0
    assert named == [False]


def test_the_progress_goes_through_all_parts(
    delivered: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[float]()

    @contextmanager
    def watched(_stream: TextIO, *, quiet: bool) -> Generator[Watcher]:
        watcher = SilentWatcher()
        monkeypatch.setattr(watcher, "advance", told.append)
        yield watcher

    monkeypatch.setattr(export, "watcher_for", watched)
    assert exit_code_of(["export", "dm", "app"]) == 0
    assert told == pytest.approx([1 / 3, 2 / 3, 1])
