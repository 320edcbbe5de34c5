"""What a failed command says."""

from __future__ import annotations

import pytest


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What was written to stderr so far: a message that helps, and no traceback."""
    text = capsys.readouterr().err
    assert "Traceback" not in text
    assert "help: " in text
    return text
