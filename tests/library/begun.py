"""What the tests of `loresmith data` ask of a project and of what was printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FOLDER = Path("ai-training") / "scenarios" / "exploration"


def scenarios(project: Path) -> list[Path]:
    """The scenario files, sorted."""
    return sorted((project / "ai-training" / "scenarios").rglob("*.md"))


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)
