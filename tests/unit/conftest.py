"""What the tests of the command line begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.recipes import RECIPE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one recipe and nothing else that is the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.yaml").write_text(RECIPE)
    return tmp_path
