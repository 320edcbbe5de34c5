"""A Python module run as a child process that reports its progress in lines of JSON.

llama.cpp ends its process on a failed assertion, and the converter is a script: neither may take the build
with it. A child writes `{"done": 0.25}` to its standard output and what went wrong to its standard error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

SHOWN_LINES = 3
_KILLED, _NO_PAGE = -9, -7
"""How a process ends that the system stops when memory runs out, or when a mapped file finds no room on the disk."""
_MEMORY = (
    "memoryerror", "out of memory", "not enough memory", "allocate memory", "defaultcpuallocator",
    "failed to allocate", "unable to allocate", "insufficient memory", "std::bad_alloc", "ended by signal 9",
)  # fmt: skip
_DISK = ("no space left on device", "not enough free space", "the disk is full")
"""What Python, numpy, torch, safetensors, llama.cpp and this project say."""


def tells_of_lacking_memory(text: str) -> bool:
    """Whether an error's text says that memory ran out."""
    return any(mark in text.lower() for mark in _MEMORY)


class ChildFailed(Exception):
    """The child ended with an error. `said` is the end of what it wrote, without a traceback; `whole` is all."""

    def __init__(self, code: int, said: str, whole: str = "") -> None:
        super().__init__(said)
        self.code = code
        self.said = said
        self.whole = whole

    @property
    def lacked_memory(self) -> bool:
        """Whether it ended because memory ran out."""
        return self.code == _KILLED or tells_of_lacking_memory(self._text)

    @property
    def lacked_disk(self) -> bool:
        """Whether it ended because the disk was full."""
        return self.code == _NO_PAGE or any(mark in self._text.lower() for mark in _DISK)

    @property
    def _text(self) -> str:
        return f"{self.said}\n{self.whole}"


def run_child(
    module: str,
    arguments: Sequence[str],
    report: Callable[[float], None],
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run `python -m module arguments…`; `report` gets the part done, from 0 to 1.

    `environment` holds defaults of environment variables: what the user has set stays.

    Raises ChildFailed when it ends with another code than 0. The child ends with its parent's exception.
    """
    follow_child(module, arguments, lambda line: _report_part(line, report), environment)


def follow_child(
    module: str,
    arguments: Sequence[str],
    hear: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
    *,
    python: Path | None = None,
    folder: Path | None = None,
) -> None:
    """Run `python -m module arguments…`; `hear` gets every line it writes. Otherwise as `run_child`.

    `python` is another environment's, `folder` where the child works and looks for modules first. What it has started
    ends with it when it is stopped.
    """
    command = [str(python or sys.executable), "-m", module, *arguments]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env={**(environment or {}), **os.environ},
            cwd=folder,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                hear(line)
        except BaseException:
            _kill(process)
            raise
        finally:
            process.wait()
        if process.returncode != 0:
            errors.seek(0)
            whole = errors.read()
            raise ChildFailed(process.returncode, last_words(whole, process.returncode), whole)


def say_progress(done: float) -> None:
    """In the child: report the part done, from 0 to 1."""
    print(json.dumps({"done": round(done, 4)}), flush=True)


def last_words(stderr: str, code: int) -> str:
    """The last lines of a child's standard error; of a traceback only the line that names the error."""
    before, _, traceback = stderr.partition("Traceback (most recent call last):")
    lines = [line.rstrip() for line in before.splitlines() if line.strip()]
    ends = [line.rstrip() for line in traceback.splitlines() if line.strip() and not line.startswith(" ")]
    said = ends[-SHOWN_LINES:] if ends else lines[-SHOWN_LINES:]
    ended = f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return "\n".join([*said, ended] if code < 0 or not said else said)


def _report_part(line: str, report: Callable[[float], None]) -> None:
    if line.startswith('{"done"'):
        report(float(json.loads(line)["done"]))


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a child and whatever it has started; what has ended already is no matter."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    process.kill()
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
