"""A search on a tiny base: killed in the middle, it ends as an undisturbed one; its recipe repeats the best."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from loresmith.pipeline.build import build_stage
from loresmith.pipeline.project import Project
from loresmith.recipe.load import load_recipe

from tests.pipeline.projects import RECIPE, Recorder, make_project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
RANGES = (
    "tune:\n  trials: 3\n  ranges: {learning_rate: {low: 1.0e-4, high: 1.0e-1, log: true}, rank: [2, 4]}\n"
)
COMMAND = [sys.executable, "-m", "loresmith", "tune", "tiny"]


def project(root: Path) -> Path:
    make_project(root)
    (root / "recipes" / "tiny.yaml").write_text(RECIPE.replace("epochs: 2", "epochs: 4") + RANGES)
    return root


def tuned(root: Path) -> dict[str, Any]:
    """What the command says when it ends; the trials without their seconds."""
    done = subprocess.run([*COMMAND, "--json"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    for trial in (*told["trials"], told["best"]):
        del trial["seconds"]
    return told


def stop_in_the_second_trial(root: Path, number: signal.Signals) -> tuple[int, str]:
    """Start the search and send the signal when the second trial has measured something."""
    with subprocess.Popen(
        COMMAND, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith("Trial 2") and "step 2/" in line:
                os.killpg(process.pid, number)
        return process.wait(), process.stderr.read()


def test_a_search_that_was_stopped_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    whole, stopped = project(tmp_path / "whole"), project(tmp_path / "stopped")
    expected = tuned(whole)
    assert [trial["state"] for trial in expected["trials"]] == ["done"] * 3
    code, said = stop_in_the_second_trial(stopped, signal.SIGINT)
    assert (code, "the same command goes on" in said, "Traceback" in said) == (130, True, False)
    assert not (stopped / "recipes" / "tiny-tuned.yaml").exists()
    code, _ = stop_in_the_second_trial(stopped, signal.SIGKILL)
    assert code == -signal.SIGKILL
    told = tuned(stopped)
    assert told["trials"] == expected["trials"]
    for root in (whole, stopped):
        assert Path(tuned(root)["plot"]).read_bytes() == Path(expected["plot"]).read_bytes()
    recipe = load_recipe(stopped / "recipes" / "tiny-tuned.yaml")
    artefact = build_stage(Project(stopped, recipe), "train", Recorder())
    assert artefact.facts["best_eval_loss"] == expected["best"]["loss"]
