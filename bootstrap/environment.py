"""Makes the project's Python environment: `environment.py VENV KEY`. Needs the standard library alone.

The stamp is written last: an environment without it doesn't count, and the same command goes on with it.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from converter import is_llama, place_converter
from diagnosis import SetupError, diagnose, venv_command
from exclusive import exclusive
from packages import Installer, read_pins, say

ENVIRONMENT = 3
INTERRUPTED = 130
ROOT = Path(__file__).resolve().parent.parent
STAMP = "loresmith.stamp"
NEEDED_BYTES = 4_000_000_000
"""What a new environment takes on disk (1.7 GB on Linux without CUDA), with room to build llama.cpp."""


def main(venv: Path, key: str) -> int:
    """Make the environment and give the exit code."""
    _end_like_ctrl_c()
    try:
        with exclusive(venv.with_name(f"{venv.name}.lock"), _tell_waiting) as held:
            make_environment(venv, key, held)
    except SetupError as error:
        print(f"error: {error}\n  help: {error.remedy}", file=sys.stderr)
        return ENVIRONMENT
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on.", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        cause, remedy = diagnose(str(error))
        print(f"error: the environment can't be made: {cause}\n  help: {remedy}", file=sys.stderr)
        return ENVIRONMENT
    return 0


def _end_like_ctrl_c() -> None:
    """The end of a terminal or of a service stops pip as well, which would go on behind our back."""

    def stop(number: int, _: object) -> None:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def make_environment(venv: Path, key: str, held: int | None = None) -> None:
    """All steps in order; each is quick when it was done before. Raises SetupError."""
    stamp = venv / STAMP
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made = stamp.read_text(encoding="utf-8").splitlines()[:2] if stamp.is_file() else []
    stamp.unlink(missing_ok=True)
    if made != _identity(key, python) or not _is_usable(python):
        _fill(venv, python, held)
    _point_at_source(venv, python)
    stamp.write_text("\n".join([*_identity(key, python), str(ROOT)]), encoding="utf-8")


def _identity(key: str, python: Path) -> list[str]:
    """What an environment was made from: the key, and the interpreter that its Python stands for.

    Node compares both with what it reads itself; on Windows an environment has a launcher of its own.
    """
    return [key, "" if os.name == "nt" else str(python.resolve())]


def _fill(venv: Path, python: Path, held: int | None) -> None:
    """The environment with all its packages and the converter."""
    started = time.monotonic()
    log = ROOT / "ai-training" / "build" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("", encoding="utf-8")
    pins = read_pins(ROOT / "requirements.lock")
    say(f"Setting up {len(pins)} packages in {venv} (once; pip's whole output is in {log})")
    _create(venv, python)
    installer = Installer(python, log, held)
    installer.drop_incomplete()
    installer.install([pin for pin in pins if not is_llama(pin)], "packages")
    for pin in filter(is_llama, pins):
        say("Installing llama.cpp; where there is no ready wheel, building it takes some minutes")
        installer.install([pin], "llama.cpp")
        place_converter(installer, venv, pin.split("==")[1])
    say(f"Ready after {time.monotonic() - started:.0f} s")


def _create(venv: Path, python: Path) -> None:
    """An empty environment, unless there is one of this Python."""
    if _is_usable(python):
        return
    _require_space(venv)
    say(f"Making a Python {platform.python_version()} environment")
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        output = done.stdout + done.stderr
        if "ensurepip" in output:
            raise SetupError("this Python can't make environments: ensurepip is missing.", venv_command())
        cause, remedy = diagnose(output)
        raise SetupError(f"the environment can't be made: {cause}", remedy)


def _is_usable(python: Path) -> bool:
    """Whether the environment's Python runs, has pip, and is of our version."""
    probe = "import sys, pip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([str(python), "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.split() == [str(part) for part in sys.version_info[:2]]


def _point_at_source(venv: Path, python: Path) -> None:
    """Let the environment import the checkout's package, and give it the `loresmith` command.

    A path file needs no network and no build, unlike an editable installation.
    """
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    (Path(done.stdout.strip()) / "loresmith-source.pth").write_text(
        f"{ROOT / 'compiler'}\n", encoding="utf-8"
    )
    if os.name == "nt":
        (venv / "Scripts" / "loresmith.cmd").write_text(f'@"{python}" -m loresmith %*\n', encoding="utf-8")
        return
    script = venv / "bin" / "loresmith"
    script.write_text(f'#!/bin/sh\nexec "{python}" -m loresmith "$@"\n', encoding="utf-8")
    script.chmod(0o755)


def _require_space(venv: Path) -> None:
    folder = venv.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"the set-up needs {NEEDED_BYTES / 1e9:.0f} GB of disk, {free / 1e9:.1f} GB are free.",
            f"Free some space in {folder}, or name another place in LORESMITH_VENV; then try again.",
        )


def _tell_waiting() -> None:
    say("Another set-up of this project is running; waiting for it")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute(), sys.argv[2]))
