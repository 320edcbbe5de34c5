"""The environment that unsloth lives in: it accepts older releases of transformers than the rest of the build needs.

It is made once, below the build folder, under a name that stands for everything that is in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.environment.memory import free_disk_bytes
from loresmith.process.child import ChildFailed, follow_child
from loresmith.store.files import disk_failures, sync_folder, write_atomically
from loresmith.unsloth.place import Place

NAMED = "LORESMITH_UNSLOTH"
"""The environment variable that names an environment to take instead: its folder."""
NEEDED_BYTES: dict[Place, int] = {"cuda": 10_000_000_000, "cpu": 3_000_000_000}
"""What an environment takes on disk, with what pip unpacks on the way."""
_PINS = Path(__file__).with_name("pins")
_PROBE = """
import json
from importlib.metadata import version
import torch
print(json.dumps({
    "unsloth": version("unsloth"), "built_for": torch.version.cuda, "sees_cuda": torch.cuda.is_available(),
}))
"""


def pins_of(place: Place) -> list[str]:
    """Every package of the environment with its exact version: those for either place, and the place's own."""
    texts = [(_PINS / name).read_text(encoding="utf-8") for name in ("both.txt", f"{place}.txt")]
    return [line for text in texts for line in text.splitlines() if line and not line.startswith("#")]


def key_of_pins(place: Place) -> str:
    """16 hex digits that stand for the packages and the version of Python that they are installed for."""
    python = ".".join(platform.python_version_tuple()[:2])
    return hashlib.sha256("\n".join([python, *pins_of(place)]).encode()).hexdigest()[:16]


def unsloth_python(place: Place, engines: Path, say: Callable[[str], None]) -> Path:
    """The Python of the environment for `place`, made in the folder `engines` when it isn't there; `say` hears how.

    LORESMITH_UNSLOTH names another one, which is taken as it is. Raises EnvironmentFailure when it can't be made or
    doesn't fit this machine. What a failed or killed set-up has installed stays: the same command goes on.
    """
    if named := os.environ.get(NAMED):
        python = _python_of(Path(named).absolute())
        _require_fit(_probe(python), place, python, f"Unset {NAMED}, and an environment is made.")
        return python
    folder = engines / f"unsloth-{key_of_pins(place)}"
    with disk_failures(folder):
        if _probe(_python_of(folder)) is None:
            _make(place, folder, say)
    return _python_of(folder)


def _make(place: Place, folder: Path, say: Callable[[str], None]) -> None:
    """The environment in `folder`, whole or not at all."""
    work = folder.with_name(f"{folder.name}.work")
    _require_space(place, folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    say(
        f"Making an environment for unsloth (once): {len(pins_of(place))} packages; pip's output is in {_log(work)}"
    )
    _install(place, work, say)
    python = _python_of(work)
    _require_fit(_probe(python), place, python, f"Remove the folder {work} and run the same command again.")
    shutil.rmtree(folder, ignore_errors=True)
    # Its scripts keep the old path, but only its Python is ever called, which finds its packages from where it is.
    work.rename(folder)
    sync_folder(folder.parent)


def _install(place: Place, work: Path, say: Callable[[str], None]) -> None:
    failures: list[dict[str, str]] = []
    pins, log = work.with_suffix(".txt"), _log(work)
    write_atomically(pins, "\n".join(pins_of(place)))

    def hear(line: str) -> None:
        if line.startswith('{"failure"'):
            failures.append(json.loads(line)["failure"])
        else:
            say(line.rstrip("\n"))

    try:
        follow_child("loresmith.unsloth.make", [str(pins), str(work), str(log)], hear)
    except ChildFailed as error:
        said = failures[0] if failures else {"message": error.said, "remedy": f"Mend what {log} says."}
        raise EnvironmentFailure(
            f"The environment for unsloth can't be made: {said['message']}", remedy=said["remedy"]
        ) from error


def _probe(python: Path) -> dict[str, Any] | None:
    """The environment's unsloth and what its torch was built for and sees; None when there is no such environment."""
    try:
        done = subprocess.run([str(python), "-c", _PROBE], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def _require_fit(found: dict[str, Any] | None, place: Place, python: Path, anew: str) -> None:
    """Raise EnvironmentFailure for an environment without unsloth, or one whose torch can't compute here."""
    pinned = next(pin for pin in pins_of(place) if pin.startswith("unsloth==")).partition("==")[2]
    if found is None:
        raise EnvironmentFailure(
            "This environment has no torch and unsloth that can be loaded.",
            where=str(python),
            remedy=anew,
        )
    if found["unsloth"] != pinned:
        raise EnvironmentFailure(
            f"This environment has unsloth {found['unsloth']}; loresmith works with {pinned}.",
            where=str(python),
            remedy=anew,
        )
    if place == "cuda" and not found["built_for"]:
        raise EnvironmentFailure(
            "The torch that pip took is built for processors alone, and this machine has CUDA.",
            where=str(python),
            remedy="`pip config list` shows what offers it (find-links, extra-index-url); take that out for this "
            f"command. {anew}",
        )
    if place == "cuda" and not found["sees_cuda"]:
        raise EnvironmentFailure(
            f"torch, built for CUDA {found['built_for']}, finds no device that it can use.",
            where=str(python),
            remedy="Update the NVIDIA driver (`nvidia-smi` shows its CUDA version), or set train.engine: torch.",
        )


def _require_space(place: Place, folder: Path) -> None:
    free, needed = free_disk_bytes(folder), NEEDED_BYTES[place]
    if free < needed:
        raise EnvironmentFailure(
            f"The environment for unsloth needs {needed / 1e9:.0f} GB of disk, {free / 1e9:.1f} GB are free.",
            where=str(folder),
            remedy=f"Free some space, or name an environment elsewhere in {NAMED}; or set train.engine: torch.",
        )


def _python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def _log(work: Path) -> Path:
    return work.with_suffix(".log")
