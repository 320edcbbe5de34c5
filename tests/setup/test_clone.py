"""A fresh clone sets itself up, for real and in full size: once, since it takes minutes and 2 GB."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.setup.project import ROOT

SLOWEST_SET_UP = 1500
"""Seconds: installing takes two minutes, building llama.cpp without a cached wheel eight more."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone of the last commit, removed afterwards: its environment is large."""
    folder = tmp_path_factory.mktemp("clone") / "loresmith"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(folder)], check=True)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.timeout(SLOWEST_SET_UP + 120)
def test_fresh_clone_sets_itself_up(clone: Path) -> None:
    first = _npm(clone, "run", "doctor", "--", "--json")
    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-2000:]
    assert "Making a Python" in first.stdout
    assert "installed torch-2.13.0" in first.stdout
    assert "Ready after" in first.stdout
    verdicts = json.loads(first.stdout[first.stdout.index("\n[") :])
    assert {verdict["name"] for verdict in verdicts} >= {"Python", "torch", "GGUF converter", "Accelerator"}
    assert [verdict for verdict in verdicts if verdict["status"] == "error"] == []

    second = _npm(clone, "run", "--silent", "models")
    assert second.returncode == 0
    assert "Setting up" not in second.stdout + second.stderr

    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def _npm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """npm in the clone, which makes an environment of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LORESMITH_")}
    return subprocess.run(
        ["npm", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SLOWEST_SET_UP,
    )
