"""Installing pinned packages with pip: a line for each step, pip's whole output in a log."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from diagnosis import SetupError, diagnose

_STEP = re.compile(
    r"^(Collecting|Building wheel for|Installing build dependencies|Installing collected packages)\b"
)
_CHILD = Path(__file__).with_name("pip_child.py")
_LOCAL = re.compile(r"^Processing (\S+)")
_SIZE = re.compile(r"^Downloading (\S+) \(([\d.]+ (?:MB|GB))\)")
POLL_SECONDS = 0.5
GRACE_SECONDS = 5


@dataclass(frozen=True)
class Installer:
    """An environment's pip. `held` is the set-up's lock, which pip keeps for as long as it runs."""

    python: Path
    log: Path
    held: int | None = None

    def install(self, pins: Iterable[str], what: str) -> None:
        """Install the pins; raises SetupError with the cause and what mends it."""
        with tempfile.TemporaryDirectory() as scratch:
            wanted = Path(scratch) / "wanted.txt"
            wanted.write_text("\n".join(pins), encoding="utf-8")
            with _tell_installed(self._site_packages()):
                self.run(["install", "-r", str(wanted)], what)

    def run(self, arguments: list[str], what: str) -> None:
        """Run pip; raises SetupError when it fails. pip, and all that it started, ends with us."""
        command = [str(self.python), str(_CHILD), *arguments, "--progress-bar", "off"]
        # An installation for the user alone is refused inside an environment: pip must not try it.
        environment = os.environ | {
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONUNBUFFERED": "1",
            "PIP_USER": "0",
        }
        held = () if self.held is None or os.name == "nt" else (self.held,)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            pass_fds=held,
            start_new_session=True,
        )
        try:
            output = self._follow(process)
        finally:
            _end(process)
        if process.returncode != 0:
            cause, remedy = diagnose(output)
            raise SetupError(f"{what} can't be installed: {cause}", f"{remedy}\n  log:  {self.log}")

    def drop_incomplete(self) -> None:
        """Forget the packages whose installation was cut off, which pip would take for installed."""
        for info in self._site_packages().glob("*.dist-info"):
            if not is_complete(info):
                say(f"  {info.name.removesuffix('.dist-info')} was cut off; installing it again")
                shutil.rmtree(info)

    def _follow(self, process: subprocess.Popen[str]) -> str:
        started = time.monotonic()
        lines: list[str] = []
        assert process.stdout is not None
        with self.log.open("a", encoding="utf-8") as file:
            for line in process.stdout:
                lines.append(line)
                file.write(line)
                file.flush()
                if step := shown_step(line):
                    say(f"  {time.monotonic() - started:4.0f} s  {step}")
        process.wait()
        return "".join(lines)

    def _site_packages(self) -> Path:
        code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
        done = subprocess.run([str(self.python), "-c", code], capture_output=True, text=True, check=True)
        return Path(done.stdout.strip())


def is_complete(info: Path) -> bool:
    """Whether a package has every file that its record names; pip notes itself as installer at the end."""
    if not (info / "INSTALLER").is_file() or not (info / "RECORD").is_file():
        return False
    with (info / "RECORD").open(encoding="utf-8", newline="") as record:
        return all((info.parent / row[0]).exists() for row in csv.reader(record) if row)


def shown_step(line: str) -> str | None:
    """What a line of pip's output tells a person; None for the rest, which the log has."""
    text = line.strip()
    if size := _SIZE.match(text):
        return f"Downloading {size[1].rsplit('/', 1)[-1]} ({size[2]})"
    if local := _LOCAL.match(text):
        return f"Taking {Path(local[1]).name}"
    return re.sub(r" \(from .*", "", text)[:100] if _STEP.match(text) else None


def read_pins(lock: Path) -> list[str]:
    """The `name==version` lines of a lock file."""
    lines = (line.split("#")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def say(text: str) -> None:
    """Show a line at once."""
    print(text, flush=True)


@contextmanager
def _tell_installed(site_packages: Path) -> Generator[None]:
    """Name each package when it has come: pip itself is silent while it unpacks them all."""
    started, ended = time.monotonic(), threading.Event()
    seen = _installed(site_packages)

    def watch() -> None:
        finished = False
        while not finished:
            finished = ended.wait(POLL_SECONDS)
            for name in sorted(_installed(site_packages) - seen):
                say(f"  {time.monotonic() - started:4.0f} s  installed {name}")
                seen.add(name)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _installed(site_packages: Path) -> set[str]:
    """The packages that are there; pip puts a `~` before those that it is about to remove."""
    names = (path.name.removesuffix(".dist-info") for path in site_packages.glob("*.dist-info"))
    return {name for name in names if not name.startswith("~")}


def _end(process: subprocess.Popen[str]) -> None:
    """End pip and what it started (a compiler, say) when we stop before it does."""
    if process.poll() is None:
        _signal_all(process, signal.SIGINT)
        try:
            # pip removes its temporary files when it is asked to end.
            process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_all(process, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    process.wait()


def _signal_all(process: subprocess.Popen[str], number: int) -> None:
    if os.name == "nt":
        process.terminate()
    else:
        os.killpg(process.pid, number)
