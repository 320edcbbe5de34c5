"""Kills a training with SIGKILL again and again: `python benchmarks/kill.py [--kills 20] [--seed 1] [--write]`.

A tiny random base with the shipped language is trained once undisturbed, in a project of its own. Then the same
recipe is trained in another project and its process is killed at so many random moments of a run (each drawn from the
seed, between the start of the process and the end of an undisturbed training), and started again each time. Each time
that it comes to its end its adapter is compared with the undisturbed one by its sha256, and so are its metrics without
their times; then it begins anew, until there were enough kills.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from page import put_table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
README = HERE / "README.md"
BEGIN, END = "<!-- kill: written by benchmarks/kill.py -->\n", "<!-- end of kill -->\n"
RECIPE = """\
name: tiny
base: {path: base}
target: llama.cpp
train: {rank: 4, batch_size: 1, epochs: 40, eval_every: 4, checkpoint_every: 3, patience: 99, context: 8192}
outputs:
  - {quantize: q8_0}
"""
TIMES = {"seconds", "tokens_per_second", "memory_bytes"}
BUILD = """
import sys
from pathlib import Path
from loresmith.commands.watchers import PlainWatcher
from loresmith.pipeline.build import build_stage
from loresmith.pipeline.project import Project
from loresmith.recipe.load import load_recipe
root = Path(sys.argv[1])
build_stage(Project(root, load_recipe(root / "recipes" / "tiny.yaml")), sys.argv[2], PlainWatcher(lambda _: None))
"""


@dataclass(frozen=True)
class Kill:
    """When a process was killed, seconds after its start, and how many steps the run had logged by then."""

    after: float
    steps: int


@dataclass(frozen=True)
class Result:
    """What a training came to: the adapter's sha256 and the metrics without their times."""

    digest: str
    metrics: list[dict[str, Any]]


def main() -> None:
    """Train, kill, compare; exit code 1 when any end differs."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = (_project(Path(scratch) / name) for name in ("whole", "killed"))
        started = time.monotonic()
        _finish(whole, "train")
        length = time.monotonic() - started
        wanted = _result(whole)
        kills, ends = _killed(killed, asked.kills, random.Random(asked.seed), length)
        table = _table(wanted, ends, kills, length)
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)
    sys.exit(0 if all(end == wanted for end in ends) else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _project(root: Path) -> Path:
    """A project with a tiny base whose dataset is built: what is killed is the training."""
    from loresmith.commands.init import begin_project

    from tests.families.tiny import make_folder

    begin_project(root)
    make_folder("gemma3", root / "base", max_position_embeddings=8192)
    (root / "recipes").mkdir()
    (root / "recipes" / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    _finish(root, "dataset")
    return root


def _start(root: Path, stage: str) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(ROOT / "compiler"), os.environ.get("PYTHONPATH", "")])
    # One thread: two niced ones wait for each other longer than they compute a model this small.
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", BUILD, str(root), stage], env=environment)


def _finish(root: Path, stage: str) -> None:
    if _start(root, stage).wait():
        sys.exit(f"The build of {stage} failed.")


def _killed(root: Path, count: int, chance: random.Random, length: float) -> tuple[list[Kill], list[Result]]:
    """Start and kill until there were `count` kills and the last run came to its end; gives all ends."""
    kills, ends = list[Kill](), list[Result]()
    while len(kills) < count or not ends or _work(root):
        after = chance.uniform(0, length) if len(kills) < count else None
        process = _start(root, "train")
        try:
            if process.wait(timeout=after):
                sys.exit("The training failed.")
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills.append(Kill(after or 0.0, len(_metrics(root, "*.work"))))
            print(
                f"kill {len(kills)} of {count}: after {after:.1f} s, step {kills[-1].steps}", file=sys.stderr
            )
        else:
            ends.append(_result(root))
            shutil.rmtree(root / "ai-training" / "build" / "train")
    return kills, ends


def _work(root: Path) -> list[Path]:
    return list((root / "ai-training" / "build" / "train").glob("*.work"))


def _metrics(root: Path, folder: str) -> list[dict[str, Any]]:
    """The logged steps without their times; a last line that was cut off by the kill is left out."""
    found = sorted((root / "ai-training" / "build" / "train").glob(f"{folder}/metrics.jsonl"))
    lines = found[-1].read_text(encoding="utf-8").splitlines() if found else []
    steps = [json.loads(line) for line in lines if line.endswith("}")]
    return [{key: value for key, value in step.items() if key not in TIMES} for step in steps]


def _result(root: Path) -> Result:
    (adapter,) = (root / "ai-training" / "build" / "train").glob("*/adapter_model.safetensors")
    assert not _work(root)
    return Result(hashlib.sha256(adapter.read_bytes()).hexdigest(), _metrics(root, "*"))


def _table(wanted: Result, ends: list[Result], kills: list[Kill], length: float) -> str:
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}",
        "",
        "| run | steps | sha256 of the adapter | adapter | metrics without times |",
        "|---|---|---|---|---|",
        f"| undisturbed | {len(wanted.metrics)} | {wanted.digest[:16]}… | | |",
    ]
    for number, end in enumerate(ends, start=1):
        adapter = "the same" if end.digest == wanted.digest else "**another**"
        metrics = "the same" if end.metrics == wanted.metrics else "**others**"
        lines.append(
            f"| killed, {number} | {len(end.metrics)} | {end.digest[:16]}… | {adapter} | {metrics} |"
        )
    moments = ", ".join(f"{kill.after:.1f} s ({kill.steps})" for kill in kills)
    lines += [
        "",
        f"{len(kills)} kills, each with the steps logged by then: {moments}.",
        f"The undisturbed training took {length:.0f} s.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
