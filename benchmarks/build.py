"""Measures whole builds: `python benchmarks/build.py [--keep FOLDER] [RECIPE…]` builds each in a fresh project.

Time is wall clock without the set-up; memory is the peak of the proportional set size of the build and its children,
sampled twice a second; "again" is the same command when nothing has changed.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "transformers", "peft", "llama-cpp-python")


@dataclass(frozen=True)
class Measured:
    """One build: seconds, seconds of the unchanged second run, bytes at the peak, and the scores by model."""

    recipe: str
    seconds: float
    again: float
    peak: int
    scores: dict[str, dict[str, Any]]


def main() -> None:
    """Build the recipes named on the command line and print the table."""
    print(f"{platform.machine()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB; "
          f"Python {platform.python_version()}, "
          + ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES))  # fmt: skip
    print("\n| recipe | build | again | peak memory | well-formed call: tuned | untouched base |")
    print("|---|---|---|---|---|---|")
    asked = _arguments()
    for recipe in asked.recipes:
        with tempfile.TemporaryDirectory() as scratch:
            project = (asked.keep or Path(scratch)) / recipe
            print(_row(measure(recipe, project)), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, help="keep the projects in this folder, which must be new")
    parser.add_argument("recipes", nargs="*", default=["smoke", "gemma3-270m"])
    return parser.parse_args()


def measure(recipe: str, project: Path) -> Measured:
    """Build a recipe in a new project with the repository's scenarios, twice."""
    shutil.copytree(ROOT / "ai-training" / "scenarios", project / "ai-training" / "scenarios")
    seconds, peak, output = _run(recipe, project)
    again, _, _ = _run(recipe, project)
    return Measured(recipe, seconds, again, peak, json.loads(output)["scores"])


def _run(recipe: str, project: Path) -> tuple[float, int, str]:
    """Seconds, peak bytes and output of one build; ends the benchmark when the build fails."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        command = [sys.executable, "-m", "loresmith", "train", recipe, "--json"]
        process = psutil.Popen(command, cwd=project, stdout=output)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(process))
            time.sleep(0.5)
        if process.returncode != 0:
            sys.exit(f"the build of {recipe} ended with {process.returncode}")
        output.seek(0)
        return time.monotonic() - started, peak, output.read()


def _memory(process: psutil.Process) -> int:
    """The proportional set size of a process and its children, in bytes."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def _row(measured: Measured) -> str:
    shares = [score["call_valid"] for score in measured.scores.values()]
    cells = (
        measured.recipe,
        f"{measured.seconds / 60:.1f} min",
        f"{measured.again:.1f} s",
        f"{measured.peak / 1e9:.2f} GB",
        f"{shares[0]:.0%}",
        f"{shares[-1]:.0%}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
