"""Making unsloth's environment, from wheels of our own and with no network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.unsloth import environment
from loresmith.unsloth.environment import key_of_pins, pins_of, unsloth_python
from loresmith.unsloth.place import Place
from packaging.requirements import Requirement

from tests.setup.project import write_wheel

TORCH = """
class version: cuda = None
class cuda:
    @staticmethod
    def is_available(): return False
"""
PINS = {"both.txt": "# a comment\nunsloth==7.0\n", "cpu.txt": "torch==1.0+cpu\n", "cuda.txt": "torch==1.0\n"}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which pip takes packages from alone, and pins that they fit."""
    wheels, pins = tmp_path / "index", tmp_path / "pins"
    wheels.mkdir()
    pins.mkdir()
    for name, text in PINS.items():
        (pins / name).write_text(text)
    write_wheel(wheels, "unsloth", "7.0")
    write_wheel(wheels, "torch", "1.0+cpu", TORCH)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.delenv("LORESMITH_UNSLOTH", raising=False)
    monkeypatch.setattr(environment, "_PINS", pins)
    return wheels


def versions(python: Path) -> list[str]:
    code = "from importlib.metadata import version as v; print(v('unsloth'), v('torch'))"
    return subprocess.run(
        [str(python), "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.timeout(120)
def test_it_is_made_once_and_whole(index: Path, tmp_path: Path) -> None:
    said: list[str] = []
    python = unsloth_python("cpu", tmp_path / "engines", said.append)
    assert python == tmp_path / "engines" / f"unsloth-{key_of_pins('cpu')}" / "bin" / "python"
    assert versions(python) == ["7.0", "1.0+cpu"]
    assert "Making an environment for unsloth (once): 2 packages" in said[0]
    assert any("installed unsloth-7.0" in line for line in said)
    assert not list(tmp_path.glob("engines/*.work"))
    again: list[str] = []
    assert unsloth_python("cpu", tmp_path / "engines", again.append) == python
    assert again == []


@pytest.mark.timeout(120)
def test_a_missing_package_is_said_and_the_same_call_goes_on(index: Path, tmp_path: Path) -> None:
    (index / "unsloth-7.0-py3-none-any.whl").rename(tmp_path / "kept.whl")
    with pytest.raises(EnvironmentFailure, match="unsloth and what it needs can't be installed") as caught:
        unsloth_python("cpu", tmp_path / "engines", lambda _: None)
    assert "the package index offers no unsloth" in caught.value.message
    assert "pip config list" in caught.value.remedy
    assert ".log" in caught.value.remedy
    assert not (tmp_path / "engines" / f"unsloth-{key_of_pins('cpu')}").exists()
    (tmp_path / "kept.whl").rename(index / "unsloth-7.0-py3-none-any.whl")
    said: list[str] = []
    python = unsloth_python("cpu", tmp_path / "engines", said.append)
    assert versions(python) == ["7.0", "1.0+cpu"]
    assert not any("installed torch" in line for line in said)


@pytest.mark.timeout(120)
def test_the_processor_never_gets_the_large_torch(index: Path, tmp_path: Path) -> None:
    (index / "torch-1.0+cpu-py3-none-any.whl").unlink()
    write_wheel(index, "torch", "1.0", TORCH)
    with pytest.raises(EnvironmentFailure, match=r"torch==1\.0\+cpu") as caught:
        unsloth_python("cpu", tmp_path / "engines", lambda _: None)
    assert "PIP_EXTRA_INDEX_URL" in caught.value.remedy


@pytest.mark.timeout(120)
def test_cuda_never_gets_the_processors_torch(index: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="built for processors alone"):
        unsloth_python("cuda", tmp_path / "engines", lambda _: None)
    assert not (tmp_path / "engines" / f"unsloth-{key_of_pins('cuda')}").exists()


@pytest.mark.timeout(120)
def test_an_interrupt_leaves_what_was_installed_and_no_environment(index: Path, tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if "installed torch" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unsloth_python("cpu", tmp_path / "engines", interrupt)
    left = sorted(path.name for path in (tmp_path / "engines").iterdir() if path.is_dir())
    assert left == [f"unsloth-{key_of_pins('cpu')}.work"]


def test_other_pins_are_another_environment(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {key_of_pins("cpu"), key_of_pins("cuda")}
    (environment._PINS / "both.txt").write_text("unsloth==7.1\n")
    keys.add(key_of_pins("cpu"))
    monkeypatch.setattr("platform.python_version_tuple", lambda: ("3", "99", "0"))
    keys.add(key_of_pins("cpu"))
    assert len(keys) == 4


def test_too_little_disk_is_told_beforehand(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nearly_full(_path: Path) -> SimpleNamespace:
        return SimpleNamespace(free=1_200_000_000)

    monkeypatch.setattr("shutil.disk_usage", nearly_full)
    with pytest.raises(EnvironmentFailure, match=r"needs 3 GB of disk, 1\.2 GB are free"):
        unsloth_python("cpu", tmp_path / "engines", lambda _: None)


def named(monkeypatch: pytest.MonkeyPatch, folder: Path, found: dict[str, Any] | None) -> None:
    """An environment that LORESMITH_UNSLOTH names, and what is found in it."""

    def probe(_python: Path) -> dict[str, Any] | None:
        return found

    monkeypatch.setenv("LORESMITH_UNSLOTH", str(folder))
    monkeypatch.setattr(environment, "_probe", probe)


FOUND = {"unsloth": "7.0", "built_for": "13.0", "sees_cuda": True}


@pytest.mark.parametrize("place", ["cpu", "cuda"])
def test_a_named_environment_is_taken(
    place: Place, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, tmp_path / "mine", FOUND)
    python = unsloth_python(place, tmp_path / "engines", pytest.fail)
    assert python == tmp_path / "mine" / "bin" / "python"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "no torch and unsloth that can be loaded"),
        (FOUND | {"unsloth": "6.5"}, r"has unsloth 6\.5; loresmith works with 7\.0"),
        (FOUND | {"built_for": None}, "built for processors alone"),
        (FOUND | {"sees_cuda": False}, r"built for CUDA 13\.0, finds no device"),
    ],
)
def test_a_named_environment_that_does_not_fit_is_refused(
    found: dict[str, Any] | None, said: str, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, tmp_path / "mine", found)
    with pytest.raises(EnvironmentFailure, match=said) as caught:
        unsloth_python("cuda", tmp_path / "engines", pytest.fail)
    assert caught.value.remedy


def test_a_folder_that_is_no_environment_is_refused(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LORESMITH_UNSLOTH", str(tmp_path / "nowhere"))
    with pytest.raises(EnvironmentFailure, match="can be loaded") as caught:
        unsloth_python("cpu", tmp_path / "engines", pytest.fail)
    assert "Unset LORESMITH_UNSLOTH" in caught.value.remedy


def test_the_shipped_pins_are_exact_and_whole() -> None:
    torches: dict[Place, str] = {"cpu": "torch==2.13.0+cpu", "cuda": "torch==2.13.0"}
    for place, torch in torches.items():
        pins = [Requirement(pin) for pin in pins_of(place)]
        assert all(str(pin.specifier).startswith("==") for pin in pins)
        names = [pin.name.lower().replace("_", "-") for pin in pins]
        assert len(set(names)) == len(names)
        assert torch in pins_of(place)
        assert {"unsloth", "unsloth-zoo", "transformers", "peft", "lark", "pydantic", "psutil"} <= set(names)
    large = ("nvidia", "cuda", "triton", "xformers", "torchvision")
    assert not [pin for pin in pins_of("cpu") if pin.startswith(large)]
