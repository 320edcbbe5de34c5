"""What a training process leaves for the one that waits for it: its facts, or why it ended."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import EnvironmentFailure, Failure, InvalidCall, Rejected
from loresmith.store.files import write_atomically

_FACTS = "facts.json"
_FAILURES: dict[str, type[Failure]] = {
    kind.__name__: kind for kind in (EnvironmentFailure, InvalidCall, Rejected)
}


def leave_facts(answers: Path, facts: dict[str, Any]) -> None:
    """Leave the run's facts."""
    write_atomically(answers / _FACTS, json.dumps(facts))


@contextmanager
def leaving_failures(answers: Path, number: int = 0) -> Generator[None]:
    """Leave what process `number` ended with: a Failure, whose exit code becomes the process's, or a crash."""
    try:
        yield
    except Failure as failure:
        content = {"kind": type(failure).__name__, "message": failure.message}
        content |= {"remedy": failure.remedy, "where": failure.where}
        write_atomically(answers / f"failure-{number:04d}.json", json.dumps(content))
        sys.exit(failure.exit_code)
    except Exception as error:
        # Standard error has the tracebacks and more, mixed: this is the line that says what it was.
        said = f"{type(error).__name__}: {error}".strip()
        write_atomically(answers / f"crash-{number:04d}.txt", said)
        raise


def left_facts(answers: Path) -> dict[str, Any]:
    """The run's facts."""
    return json.loads((answers / _FACTS).read_text(encoding="utf-8"))


def left_failure(answers: Path) -> Failure | None:
    """The Failure that a process ended with, if one did; of several that of the first process."""
    for file in sorted(answers.glob("failure-*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        return _FAILURES[content.pop("kind")](**content)
    return None


def left_crash(answers: Path) -> str | None:
    """What the process that crashed first said, if one did."""
    crashes = sorted(answers.glob("crash-*.txt"), key=lambda file: file.stat().st_mtime_ns)
    return crashes[0].read_text(encoding="utf-8") if crashes else None
