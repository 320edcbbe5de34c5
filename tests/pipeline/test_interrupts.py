"""Ctrl-C in every stage of a build: exit 130, nothing half-written, and the same command goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from loresmith.pipeline.build import run_build, states_of
from loresmith.pipeline.graph import stages_of

from tests.pipeline.projects import Recorder, make_project, opened

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
COMMAND = [sys.executable, "-m", "loresmith", "train", "tiny"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that isn't built."""
    return make_project(tmp_path_factory.mktemp("interrupted"))


def interrupt_in(title: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Start the build and press Ctrl-C as soon as it says that the stage runs."""
    with subprocess.Popen(
        COMMAND, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith(f"{title}: running"):
                os.killpg(process.pid, signal.SIGINT)
        return subprocess.CompletedProcess(COMMAND, process.wait(), said, process.stderr.read())


def leftovers(root: Path) -> list[Path]:
    """Unfinished files and folders; the work folder of training is what it goes on from."""
    build = root / "ai-training"
    partial = [path for path in build.rglob("*") if ".partial" in path.name or path.name.startswith(".tmp")]
    work = [path for path in build.rglob("*.work") if path.parent.name != "train"]
    return partial + work


def test_ctrl_c_in_each_stage(project: Path, tmp_path: Path) -> None:
    titles = [stage.title for stage in stages_of(opened(project).recipe)]
    for done, title in enumerate(titles):
        stopped = interrupt_in(title, project)
        assert stopped.returncode == 130, (title, stopped.stdout, stopped.stderr)
        assert "the same command goes on" in stopped.stderr
        assert "Traceback" not in stopped.stderr
        assert leftovers(project) == [], title
        built = [state.artefact is not None for state in states_of(opened(project))]
        assert sum(built) in (done, done + 1), title
    delivery = run_build(opened(project), Recorder())
    straight = run_build(opened(make_project(tmp_path / "straight")), Recorder())
    assert delivery.model.read_bytes() == straight.model.read_bytes()
