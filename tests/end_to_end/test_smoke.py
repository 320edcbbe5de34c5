"""The smoke recipe for real: base from its packages, a few steps, killed, gone on, exported, loaded, answering."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "loresmith", "train", "smoke"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the repository's scenarios."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "ai-training" / "scenarios", root / "ai-training" / "scenarios")
    return root


@pytest.fixture(scope="module")
def delivered(project: Path) -> dict[str, Any]:
    """What the command reports after a run that was killed in its second step and started again."""
    kill_in_step_two(project)
    assert list((project / "ai-training" / "build" / "train").glob("*.work/checkpoint-*.safetensors"))
    return finished(project)


def kill_in_step_two(project: Path) -> None:
    process = subprocess.Popen(
        COMMAND, cwd=project, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "step 2/" in line:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def finished(project: Path) -> dict[str, Any]:
    done = subprocess.run([*COMMAND, "--json"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_model_file_answers_in_llama_cpp(delivered: dict[str, Any]) -> None:
    from llama_cpp import Llama

    model = Llama(delivered["modelPath"], n_ctx=512, verbose=False)
    messages: Any = [
        {"role": "system", "content": "You are the Dungeon Master."},
        {"role": "user", "content": "I look."},
    ]
    answer: Any = model.create_chat_completion(messages, max_tokens=8, temperature=0.0)
    assert answer["choices"][0]["message"]["content"].strip()
    assert model.metadata["general.architecture"] == "gemma3"
    assert model.token_eos() == 106
    assert model.metadata["tokenizer.ggml.add_bos_token"] == "true"


def test_the_report_compares_with_the_untouched_base(delivered: dict[str, Any]) -> None:
    assert set(delivered["scores"]) == {"tuned, q8_0", "untouched base, q8_0"}
    tuned = delivered["scores"]["tuned, q8_0"]
    assert tuned["replies"] > tuned["replies_with_call"] > 0
    assert delivered["mmprojPath"] is None


def test_the_resumed_run_did_every_step_once(project: Path, delivered: dict[str, Any]) -> None:
    assert delivered["new"]
    metrics = next((project / "ai-training" / "build" / "train").glob("*/metrics.jsonl"))
    assert [json.loads(line)["step"] for line in metrics.read_text().splitlines()] == [1, 2, 3, 4]


def test_a_second_run_delivers_the_same_version(project: Path, delivered: dict[str, Any]) -> None:
    again = finished(project)
    assert (again["modelPath"], again["version"], again["new"]) == (delivered["modelPath"], "v1", False)
