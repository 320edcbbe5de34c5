"""Measures `loresmith lint`: `python benchmarks/lint.py [--write] [FILES…]` on made corpora of so many files.

Cold is without a build folder, warm the same command again, one file the whole process for a single file; each is the
median of three runs. Memory is the peak of the proportional set size of all processes, sampled twenty times a
second in a run of its own, because sampling takes the processor's time. markdownlint-cli2 checks the same files for
comparison; it is installed into a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil
from corpus import write_corpus
from page import put_table

PEER = "markdownlint-cli2"
BROKEN_RULES = ("MD013", "MD024", "MD025", "MD033")
"""Rules that the scenario language breaks in every file: without them the peer doesn't spend its time on printing."""
RUNS = 3
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- lint: written by benchmarks/lint.py -->\n", "<!-- end of lint -->\n"


@dataclass(frozen=True)
class Measured:
    """Medians over the timed runs: wall-clock seconds, and processor seconds of all processes; bytes at the peak."""

    seconds: float
    processor: float
    peak: int


def main() -> None:
    """Measure the corpora named on the command line and print the table; `--write` puts it in the README."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        peer = _installed_peer(Path(scratch) / "peer")
        rows = [row for count in asked.files for row in _rows(Path(scratch) / str(count), count, peer)]
        table = "\n".join([_machine(peer), "", *_HEAD, *rows, ""])
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


_HEAD = (
    "| corpus | what | seconds | MB/s | processor seconds | peak memory | loresmith cold takes |",
    "|---|---|---|---|---|---|---|",
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    parser.add_argument("files", nargs="*", type=int, default=[1000, 10000], help="how many files")
    return parser.parse_args()


def _rows(project: Path, count: int, peer: Path | None) -> list[str]:
    """The rows of one corpus; ends the benchmark when a warm run finds something else than a cold one."""
    size = write_corpus(project / "ai-training", count)
    corpus = f"{count:,} files, {size / 1e6:.1f} MB"
    lint = [sys.executable, "-m", "loresmith", "lint"]
    one = next((project / "ai-training" / "scenarios").rglob("*.md"))
    measured = {
        "loresmith cold": _measured(lint, project, fresh=True),
        "loresmith warm": _measured(lint, project, fresh=False),
        "loresmith one file, no cache": _measured([*lint, "--no-cache", str(one)], project, fresh=False),
    }
    _require_same_findings(lint, project)
    if peer:
        command = [str(peer), "ai-training/scenarios/**/*.md"]
        measured[PEER] = _measured(command, project, fresh=False)
        (project / ".markdownlint.json").write_text(json.dumps(dict.fromkeys(BROKEN_RULES, False)))
        measured[f"{PEER}, fitting rules"] = _measured(command, project, fresh=False)
    cold = measured["loresmith cold"].seconds
    return [
        _row(corpus, what, one.stat().st_size if "one" in what else size, m, cold)
        for what, m in measured.items()
    ]


def _row(corpus: str, what: str, size: int, measured: Measured, cold: float) -> str:
    cells = (
        corpus,
        what,
        f"{measured.seconds:.2f}",
        "" if "one" in what else f"{size / 1e6 / measured.seconds:.2f}",
        f"{measured.processor:.2f}",
        f"{measured.peak / 1e6:.0f} MB",
        f"{cold / measured.seconds:.2f} times as long" if PEER in what else "",
    )
    return f"| {' | '.join(cells)} |"


def _require_same_findings(lint: list[str], project: Path) -> None:
    kept, anew = (
        subprocess.run([*lint, "--format", "json", *option], cwd=project, capture_output=True, check=False)
        for option in ((), ("--no-cache",))
    )
    if kept.stdout != anew.stdout or kept.returncode != 1:
        sys.exit("the cache changes what lint finds, or nothing was found")


def _measured(command: list[str], project: Path, *, fresh: bool) -> Measured:
    runs = [_timed(command, project, fresh) for _ in range(RUNS)]
    return Measured(
        statistics.median(seconds for seconds, _ in runs),
        statistics.median(processor for _, processor in runs),
        _peak(command, project, fresh),
    )


def _started(command: list[str], project: Path) -> psutil.Popen:
    # As on a user's machine, compiled modules are kept from one run to the next.
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(project / "pycache"),
    }
    return psutil.Popen(
        command, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _timed(command: list[str], project: Path, fresh: bool) -> tuple[float, float]:
    """Wall-clock and processor seconds of one run."""
    _prepare(project, fresh)
    before, started = os.times(), time.monotonic()
    process = _started(command, project)
    _require_ended(process, process.wait())
    seconds, after = time.monotonic() - started, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, used


def _peak(command: list[str], project: Path, fresh: bool) -> int:
    """The most memory that a run holds, in bytes."""
    _prepare(project, fresh)
    process, peak = _started(command, project), 0
    while True:
        peak = max(peak, _memory(process))
        try:
            code = process.wait(timeout=0.05)
        except psutil.TimeoutExpired:
            continue
        _require_ended(process, code)
        return peak


def _prepare(project: Path, fresh: bool) -> None:
    if fresh:
        shutil.rmtree(project / "ai-training" / "build", ignore_errors=True)


def _require_ended(process: psutil.Popen, code: int | None) -> None:
    """Both linters end with 1 when they find something; anything above is a failure."""
    if code not in (0, 1):
        sys.exit(f"process {process.pid} ended with {code}")


def _memory(process: psutil.Popen) -> int:
    """The proportional set size of a process and its children, in bytes."""
    total = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for one in family:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def _installed_peer(folder: Path) -> Path | None:
    """The peer's command, installed into `folder`; None, and it is said, where npm can't do that."""
    folder.mkdir(parents=True)
    npm = shutil.which("npm")
    command = [npm or "npm", "install", "--silent", "--no-audit", "--no-fund", PEER]
    if npm is None or subprocess.run(command, cwd=folder, check=False, timeout=300).returncode != 0:
        print(f"{PEER} can't be installed here (no npm, or no registry): it isn't measured.", file=sys.stderr)
        return None
    return folder / "node_modules" / ".bin" / PEER


def _machine(peer: Path | None) -> str:
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {metadata.version(name)}" for name in ("lark", "pydantic")]
    if peer:
        shown = subprocess.run([str(peer), "--help"], capture_output=True, text=True, check=False).stdout
        versions += [shown.splitlines()[0].split(" (")[0].replace(" v", " "), f"Node {_node()}"]
    else:
        versions.append(f"{PEER} not measured: it couldn't be installed")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()[:1])
    return (
        f"{platform.machine()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB, "
        f"load {load} at the end; {'; '.join(versions)}"
    )


def _node() -> str:
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip(
        "v\n"
    )


if __name__ == "__main__":
    main()
