"""The child that installs unsloth's environment: `python -m loresmith.unsloth.make PINS FOLDER LOG`.

It uses the installer of the set-up itself, so that pip's failures are told in the same words.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.resources import shipped_folder

if TYPE_CHECKING:
    from packages import Installer

_CPU_REMEDY = (
    "Name an index that has torch's builds for processors in PIP_EXTRA_INDEX_URL, or a folder with that file in "
    "PIP_FIND_LINKS; then run the same command again."
)


def main(pins: Path, folder: Path, log: Path) -> int:
    """Make the environment of a file of pins and give the exit code; the failure is told in a line of JSON."""
    sys.path.insert(0, str(shipped_folder("bootstrap")))
    from diagnosis import SetupError, diagnose
    from packages import read_pins

    try:
        _install(read_pins(pins), folder, log)
    except SetupError as error:
        return _tell(str(error), error.remedy)
    except OSError as error:
        return _tell(*diagnose(str(error)))
    return 0


def _install(pins: list[str], folder: Path, log: Path) -> None:
    from packages import Installer

    log.write_text("", encoding="utf-8")
    python = folder / "bin" / "python"
    _create(folder, python)
    # The pins are complete. unsloth also asks for packages that need CUDA, and without CUDA they must stay away.
    os.environ["PIP_NO_DEPS"] = "1"
    installer = Installer(python, log)
    installer.drop_incomplete()
    torch = next(pin for pin in pins if pin.startswith("torch=="))
    _install_torch(installer, torch)
    installer.install([pin for pin in pins if pin != torch], "unsloth and what it needs")


def _create(folder: Path, python: Path) -> None:
    """An empty environment, unless there is one."""
    from diagnosis import SetupError, diagnose, venv_command

    ready = python.exists() and _succeeds([str(python), "-m", "pip", "--version"])
    if ready:
        return
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        output = done.stdout + done.stderr
        if "ensurepip" in output:
            raise SetupError("this Python can't make environments: ensurepip is missing.", venv_command())
        raise SetupError(*diagnose(output))


def _install_torch(installer: Installer, pin: str) -> None:
    """The one that the index has where there is CUDA, else the small build for processors and no other."""
    from diagnosis import SetupError

    try:
        installer.install([pin], "torch")
    except SetupError as error:
        if "+cpu" in pin and "+cpu" in str(error):
            raise SetupError(str(error), _CPU_REMEDY) from error
        raise


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _tell(message: str, remedy: str) -> int:
    from loresmith.diagnostics.failure import ENVIRONMENT

    print(json.dumps({"failure": {"message": message, "remedy": remedy}}), flush=True)
    return ENVIRONMENT


if __name__ == "__main__":
    sys.exit(main(*(Path(argument) for argument in sys.argv[1:])))
