"""Makes the project's Python environment: `environment.py VENV STAMP`. Needs the standard library alone.

The stamp is written last: an environment without it doesn't count, and the same command goes on with it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ENVIRONMENT = 3
INTERRUPTED = 130
ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
NEEDED_BYTES = 4_000_000_000
"""What the environment takes on disk, with room for building llama.cpp."""
LLAMA = "llama-cpp-python"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
CONVERTER = ("convert_hf_to_gguf.py", "convert_lora_to_gguf.py", "conversion/", "gguf-py/", "LICENSE")
_PACKAGE = re.compile(r"^(Collecting|Downloading|Building wheel for|Installing collected packages)\b.*")


class SetupError(Exception):
    """The environment can't be made; `remedy` is the command that mends it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def main(venv: Path, stamp: str) -> int:
    """Make the environment and give the exit code."""
    try:
        with Lock(venv):
            make_environment(venv, stamp)
    except SetupError as error:
        print(f"error: {error}\n  help: {error.remedy}", file=sys.stderr)
        return ENVIRONMENT
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on.", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"error: {error}\n  help: {_remedy_for_disk(venv)}", file=sys.stderr)
        return ENVIRONMENT
    return 0


def make_environment(venv: Path, stamp: str, lock: Path = LOCK) -> None:
    """All steps in order; each is quick when it was done before."""
    started = time.monotonic()
    _require_space(venv)
    python = _create(venv)
    pins = read_pins(lock)
    log = ROOT / "ai-training" / "build" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    light = [pin for pin in pins if not pin.startswith(LLAMA)]
    heavy = [pin for pin in pins if pin.startswith(LLAMA)]
    _say(f"Setting up {len(pins)} packages in {venv} (once; the log is {log})")
    pip_install(python, light, log, "packages")
    if heavy:
        _say("Installing llama.cpp; where there is no ready wheel, building it takes about 7 minutes")
        pip_install(python, heavy, log, "llama.cpp")
        place_converter(python, venv, heavy[0], log)
    _point_at_source(python)
    (venv / "loresmith.stamp").write_text(stamp, encoding="utf-8")
    _say(f"Ready after {time.monotonic() - started:.0f} s")


def read_pins(lock: Path) -> list[str]:
    """The `name==version` lines of a lock file."""
    lines = (line.split("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def pip_install(python: Path, pins: Iterable[str], log: Path, what: str) -> None:
    """Install the pins with a line for each package; raises SetupError with the cause and what mends it."""
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text("\n".join(pins), encoding="utf-8")
        command = [str(python), "-m", "pip", "install", "--progress-bar", "off", "-r", str(wanted)]
        code, output = _run_logged(command, log)
    if code != 0:
        cause, remedy = diagnose(output)
        raise SetupError(f"{what} can't be installed: {cause}", f"{remedy} The whole log is {log}")


def diagnose(output: str) -> tuple[str, str]:
    """The cause that pip's output tells of, and the command that mends it."""
    low = output.lower()
    if "no space left on device" in low or "errno 28" in low:
        return "the disk is full.", "Free 4 GB, then run the same command again."
    compilers = ("cmake_cxx_compiler", "cmake_c_compiler", "no cmake_", "could not find compiler", "cmake not found")
    if any(mark in low for mark in compilers):
        return "there is no C++ compiler to build llama.cpp with.", f"{_compiler_command()}, then the same command again."
    offline = ("temporary failure in name resolution", "newconnectionerror", "connection refused", "nameresolutionerror",
               "network is unreachable", "max retries exceeded", "connection broken", "timed out")  # fmt: skip
    if any(mark in low for mark in offline):
        return "the package index can't be reached.", "Check the network and pip's settings: pip config list"
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if missing:
        version = platform.python_version()
        return (
            f"there is no {missing[1]} for Python {version} on this machine.",
            "Check the network, or name another Python (3.11 to 3.13) in LORESMITH_PYTHON.",
        )
    last = [line for line in output.splitlines() if line.strip()][-1:] or ["pip said nothing"]
    return last[0].strip(), "Read the log, mend what it says, and run the same command again."


def place_converter(python: Path, venv: Path, pin: str, log: Path) -> None:
    """Put llama.cpp's converter from the pinned sdist into the environment; verified, and whole or not at all."""
    version = pin.split("==")[1]
    destination = venv / "share" / "loresmith" / f"llama.cpp-{version}"
    if destination.exists():
        return
    _say("Placing the GGUF converter")
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(python), "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--dest", scratch, pin]
        code, output = _run_logged(command, log)
        sdist = next(Path(scratch).glob("*.tar.gz"), None)
        if code != 0 or sdist is None:
            cause, remedy = diagnose(output)
            raise SetupError(f"the GGUF converter can't be fetched: {cause}", remedy)
        if hashlib.sha256(sdist.read_bytes()).hexdigest() != SDIST_SHA256:
            raise SetupError(f"{sdist.name} isn't the expected file: its sha256 differs.", "pip cache purge")
        unpack_converter(sdist, destination)


def unpack_converter(sdist: Path, destination: Path) -> None:
    """Unpack the converter's files of an sdist; no path may lead out of `destination`."""
    work = destination.with_name(f".{destination.name}.work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with tarfile.open(sdist) as archive:
        for member in archive:
            inside = member.name.partition("/vendor/llama.cpp/")[2]
            if member.isfile() and inside.startswith(CONVERTER):
                member.name = inside
                archive.extract(member, work, filter="data")
    work.rename(destination)


def _create(venv: Path) -> Path:
    """The environment's Python; an environment of another Python is made anew."""
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (venv / "loresmith.stamp").unlink(missing_ok=True)
    if not _is_usable(python):
        _say(f"Making a Python {platform.python_version()} environment")
        done = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SetupError(
                f"the environment can't be made: {(done.stdout + done.stderr).strip().splitlines()[-1:]}",
                "sudo apt install python3-venv" if platform.system() == "Linux" else _remedy_for_disk(venv),
            )
    return python


def _is_usable(python: Path) -> bool:
    probe = "import sys, pip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([str(python), "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.split() == [str(part) for part in sys.version_info[:2]]


def _point_at_source(python: Path) -> None:
    """Let the environment import the checkout's package."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    (Path(done.stdout.strip()) / "loresmith-source.pth").write_text(f"{ROOT / 'compiler'}\n", encoding="utf-8")


def _run_logged(command: list[str], log: Path) -> tuple[int, str]:
    """Run a command, its output into the log and its steps onto the terminal; gives exit code and output."""
    started = time.monotonic()
    lines: list[str] = []
    environment = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    with log.open("a", encoding="utf-8") as file:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line)
                file.write(line)
                if _PACKAGE.match(line):
                    _say(f"  {time.monotonic() - started:4.0f} s  {line.strip()[:100]}")
        finally:
            if sys.exc_info()[0]:
                process.kill()
            process.wait()
    return process.returncode, "".join(lines)


def _require_space(venv: Path) -> None:
    folder = venv
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES and not (venv / "share" / "loresmith").exists():
        raise SetupError(f"the set-up needs 4 GB of disk, {free / 1e9:.1f} GB are free.", _remedy_for_disk(venv))


def _remedy_for_disk(venv: Path) -> str:
    return f"Free some space where {venv} is, or name another place in LORESMITH_VENV; then the same command again."


def _compiler_command() -> str:
    if platform.system() == "Darwin":
        return "xcode-select --install"
    if platform.system() == "Windows":
        return "winget install Microsoft.VisualStudio.2022.BuildTools"
    return "sudo dnf install gcc-c++ cmake" if shutil.which("dnf") else "sudo apt install build-essential cmake"


def _say(text: str) -> None:
    print(text, flush=True)


class Lock:
    """Keeps a second set-up of the same environment away; it goes when its process ends, however that ends."""

    def __init__(self, venv: Path) -> None:
        self.path = venv.with_name(f"{venv.name}.lock")

    def __enter__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("w")
        try:
            _lock_file(self.file.fileno())
        except OSError as error:
            self.file.close()
            raise SetupError("another set-up of this project is running.", "Wait for it to end.") from error

    def __exit__(self, *_: object) -> None:
        self.file.close()


def _lock_file(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # pyright: ignore
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
