"""The project that the tests of `loresmith data` begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The project that `init` begins, with its two scenarios."""
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["init"]) == 0
    assert exit_code_of(["data", "clean"]) == 0
    capsys.readouterr()
    return tmp_path
