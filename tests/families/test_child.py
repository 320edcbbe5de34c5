"""Child processes: progress, last words, and that none outlives its parent's interruption."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from loresmith.process.child import ChildFailed, last_words, run_child


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable module whose source the test writes."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "made_child.py"


def test_progress_is_reported(child: Path) -> None:
    child.write_text('print("noise")\nprint(\'{"done": 0.5}\')\nprint(\'{"done": 1.0}\')\n')
    progress: list[float] = []
    run_child("made_child", [], progress.append)
    assert progress == [0.5, 1.0]


def test_failure_carries_the_last_words(child: Path) -> None:
    child.write_text('import sys\nprint("one\\ntwo\\nthree\\nfour", file=sys.stderr)\nsys.exit(5)\n')
    with pytest.raises(ChildFailed) as caught:
        run_child("made_child", [], lambda _: None)
    assert (caught.value.code, caught.value.said) == (5, "two\nthree\nfour")


def test_exception_is_shown_without_its_traceback(child: Path) -> None:
    child.write_text('raise ValueError("the weights are missing")\n')
    with pytest.raises(ChildFailed) as caught:
        run_child("made_child", [], lambda _: None)
    assert caught.value.said == "ValueError: the weights are missing"


def test_crash_names_the_signal() -> None:
    assert last_words("GGML_ASSERT(x) failed\n", -6) == "GGML_ASSERT(x) failed\nended by signal 6"
    assert last_words("", 3) == "ended with code 3"


def test_interrupted_parent_takes_its_child_along(child: Path) -> None:
    child.write_text(
        'import os, time\nprint(\'{"done": 0.1, "pid": %d}\' % os.getpid(), flush=True)\ntime.sleep(60)\n'
    )

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_child("made_child", [], interrupt)
    assert not [p for p in psutil.Process().children() if p.is_running() and "made_child" in p.cmdline()]
