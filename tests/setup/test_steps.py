"""The set-up's own pieces: what is shown of pip's output, the lock file, the space asked for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace

import environment
import pytest
from converter import SDIST_SHA256, is_llama
from diagnosis import SetupError
from packages import is_complete, read_pins, shown_step
from packaging.requirements import Requirement

from tests.setup.project import ROOT


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Collecting torch==2.13.0 (from -r wanted.txt (line 3))\n", "Collecting torch==2.13.0"),
        (
            "  Downloading https://host/a/torch-2.13.0.whl (191.2 MB)\n",
            "Downloading torch-2.13.0.whl (191.2 MB)",
        ),
        ("Processing /packages/files/numpy-2.4.6-cp311.whl\n", "Taking numpy-2.4.6-cp311.whl"),
        (
            "  Building wheel for x (setup): still running...\n",
            "Building wheel for x (setup): still running...",
        ),
        ("Requirement already satisfied: rich in ./x\n", None),
        ("Looking in indexes: https://host/simple\n", None),
    ],
)
def test_shown_steps(line: str, shown: str | None) -> None:
    assert shown_step(line) == shown


def test_lock_pins_everything_that_the_project_asks_for() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = table["optional-dependencies"]
    pins = {_plain(Requirement(pin).name): Requirement(pin) for pin in read_pins(ROOT / "requirements.lock")}
    for line in [*table["dependencies"], *extras["train"], *extras["dev"], "hatchling"]:
        wanted = Requirement(line)
        version = str(pins[_plain(wanted.name)].specifier).removeprefix("==")
        assert wanted.specifier.contains(version), line


def test_lock_has_exact_public_versions_and_a_known_llama() -> None:
    pins = read_pins(ROOT / "requirements.lock")
    assert all("==" in pin and "+" not in pin and "@" not in pin for pin in pins)
    assert [pin.partition("==")[2] for pin in pins if is_llama(pin)] == list(SDIST_SHA256)


def test_doctor_export_and_set_up_mean_the_same_converter() -> None:
    from loresmith.environment.doctor import CONVERTER_VERSION
    from loresmith.export.converter import VERSION

    assert {CONVERTER_VERSION, VERSION} == set(SDIST_SHA256)


def test_comments_in_the_lock_are_skipped(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("# a comment\n\na==1  # why\nb==2\n")
    assert read_pins(lock) == ["a==1", "b==2"]


@pytest.mark.parametrize(
    ("missing", "whole"), [(None, True), ("INSTALLER", False), ("RECORD", False), ("../a.py", False)]
)
def test_is_complete(tmp_path: Path, missing: str | None, whole: bool) -> None:
    info = tmp_path / "a-1.dist-info"
    info.mkdir()
    (tmp_path / "a.py").write_text("")
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("a.py,,\na-1.dist-info/INSTALLER,,\n")
    if missing:
        (info / missing).unlink()
    assert is_complete(info) is whole


def test_too_little_disk_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_full(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=1_200_000_000)

    monkeypatch.setattr("shutil.disk_usage", nearly_full)
    with pytest.raises(SetupError, match=r"needs 4 GB of disk, 1\.2 GB are free") as raised:
        environment._require_space(tmp_path / "not" / "there")
    assert "LORESMITH_VENV" in raised.value.remedy


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
