"""Training shown in TensorBoard or Weights & Biases: what they are told, and what is said where they are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.commands.trackers import tracked
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.pipeline.project import Project
from loresmith.recipe.load import load_recipe
from loresmith.train.loop import Measurement
from transformers import integrations

from tests.pipeline.projects import RECIPE, Recorder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in which nothing is built. The environment is put back: tracking sets defaults there."""
    for name in ("WANDB_PROJECT", "WANDB_DIR", "WANDB_LOG_MODEL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    (tmp_path / "base").mkdir()
    (tmp_path / "ai-training" / "scenarios").mkdir(parents=True)
    (tmp_path / "ai-training" / "scenarios" / "a.md").write_text("# Setting\n")
    return Project(tmp_path, load_recipe(tmp_path / "tiny.yaml"))


class Told:
    """A callback that keeps what it is told."""

    said: list[Any]

    def __init__(self) -> None:
        Told.said = []

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        Told.said.append(
            ("begin", args.run_name, args.to_dict()["train"]["rank"], '"rank": 2' in args.to_json_string())
        )

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        Told.said.append((state.global_step, state.max_steps, logs))

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        Told.said.append("end")


def step(number: int, eval_loss: float | None) -> Measurement:
    return Measurement(number, 2, 1.5, eval_loss, 1e-3, 100, 40, 0.5, 0.7, 2**30)


def test_a_tracker_hears_the_beginning_every_step_and_the_end(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "TensorBoardCallback", Told)
    recorder = Recorder()
    with tracked(recorder, ["tensorboard"], project) as watcher:
        watcher.measure(step(1, None))
        watcher.measure(step(2, 1.25))
        watcher.stage_begins("Merging")
    logs = {
        "loss": 1.5, "learning_rate": 1e-3, "grad_norm": 0.7, "tokens_per_second": 200.0, "supervised_tokens": 40,
        "memory_bytes": 2**30,
    }  # fmt: skip
    assert Told.said == [
        ("begin", "tiny", 2, True), (1, 2, logs), (2, 2, logs | {"eval_loss": 1.25}), "end"
    ]  # fmt: skip
    assert recorder.steps == [1, 2]
    assert recorder.ran == ["Merging"]


def test_a_tracker_hears_the_end_of_an_interrupted_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "WandbCallback", Told)
    with pytest.raises(KeyboardInterrupt), tracked(Recorder(), ["wandb"], project):
        raise KeyboardInterrupt
    assert Told.said[-1] == "end"


def test_a_tracker_that_cannot_begin_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Told):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            raise ValueError("no API key configured")

    monkeypatch.setattr(integrations, "WandbCallback", Broken)
    named = pytest.raises(EnvironmentFailure, match="wandb can't begin: no API key")
    with named as caught, tracked(Recorder(), ["wandb"], project):
        pass
    assert "WANDB_MODE=offline" in caught.value.remedy


def test_weights_are_never_sent(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_LOG_MODEL", "end")
    with pytest.raises(InvalidCall, match="WANDB_LOG_MODEL"), tracked(Recorder(), ["wandb"], project):
        pass


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_a_tracker_that_is_not_installed_is_exit_3(
    project: Project, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(f"transformers.integrations.integration_utils.is_{name}_available", lambda: False)
    monkeypatch.chdir(project.root)
    assert exit_code_of(["train", "tiny.yaml", f"--{name}"]) == 3
    assert f"pip install {name}" in capsys.readouterr().err
