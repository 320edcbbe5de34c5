"""Measures what more scenarios cost: `python benchmarks/scaling.py [--tokens 10000 100000 1000000] [--write]`.

For each size a project is made with a tiny base and as many scenarios as come to so many tokens. The dataset stage and
one epoch of training each run in a process of their own, on one thread, through the build. Time a token of the dataset
is that of the whole stage. Time a token of the training is from the end of its first step to its last, evaluations (one
every 50 steps, over 64 scenarios at most) and checkpoints included, and that of the steps alone. Memory is the peak of
the resident set, sampled 20 times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from random import Random
from typing import Any

import psutil
from page import put_table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
README = HERE / "README.md"
BEGIN, END = "<!-- scaling: written by benchmarks/scaling.py -->\n", "<!-- end of scaling -->\n"
SIZES = (10_000, 100_000, 1_000_000)
TINY = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 32,
    "query_pre_attn_scalar": 32, "sliding_window": 512, "max_position_embeddings": 8192,
}  # fmt: skip
RECIPE = """\
name: tiny
base: {path: base}
target: llama.cpp
train: {rank: 4, batch_size: 2, epochs: 1, eval_every: 50, patience: 99, context: 8192}
outputs:
  - {quantize: q8_0}
"""
STAGE = """
import json, sys, time
from pathlib import Path
from loresmith.commands.watchers import SilentWatcher
from loresmith.pipeline.build import build_stage
from loresmith.pipeline.project import Project
from loresmith.recipe.load import load_recipe

class Timed(SilentWatcher):
    def __init__(self):
        self.steps = []

    def measure(self, measurement):
        self.steps.append((time.monotonic(), measurement.tokens, measurement.seconds))

root, stage = Path(sys.argv[1]), sys.argv[2]
if __name__ == "__main__":
    project, watcher = Project(root, load_recipe(root / "recipes" / "tiny.yaml")), Timed()
    started = time.monotonic()
    facts = build_stage(project, stage, watcher).facts
    told = {"seconds": time.monotonic() - started, "facts": facts, "steps": watcher.steps}
    Path(sys.argv[3]).write_text(json.dumps(told))
"""


@dataclass(frozen=True)
class Ran:
    """A stage in a process of its own: what it told, and the peak of its memory in bytes."""

    told: dict[str, Any]
    peak: int


@dataclass(frozen=True)
class Size:
    """One size: its dataset stage and its training."""

    dataset: Ran
    training: Ran


def main() -> None:
    """Measure every size and print the table; `--write` puts it into the README."""
    asked = _arguments()
    sizes = [_measured(tokens) for tokens in asked.tokens]
    table = _table(sizes)
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, nargs="+", default=SIZES, help="tokens of each size")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _measured(tokens: int) -> Size:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "project"
        _make_project(root, tokens)
        for stage in ("lower", "base"):
            _run(root, stage)
        size = Size(_run(root, "dataset"), _run(root, "train"))
    print(f"{_tokens(size):,} tokens measured", file=sys.stderr)
    return size


def _make_project(root: Path, tokens: int) -> None:
    """A project with a tiny base, and scenarios until there are so many tokens."""
    from tokenizers import Tokenizer

    from benchmarks.corpus import CATEGORIES, scenario_text
    from tests.families.tiny import make_folder

    base = make_folder("gemma3", root / "base", **TINY)
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    (root / "recipes").mkdir()
    (root / "recipes" / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    made = number = 0
    while made < tokens:
        category = CATEGORIES[number % len(CATEGORIES)]
        path = root / "ai-training" / "scenarios" / category / f"scenario-{number:06}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = scenario_text(Random(f"scaling/{number}"), with_defect=False)
        path.write_text(text, encoding="utf-8")
        made += len(tokenizer.encode(text).ids)
        number += 1


def _run(root: Path, stage: str) -> Ran:
    """Build a stage in a process of its own; ends the benchmark when it fails."""
    script, answer = root / "stage.py", root / "answer.json"
    script.write_text(STAGE, encoding="utf-8")
    paths = os.pathsep.join([str(ROOT / "compiler"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    command = [sys.executable, "-W", "ignore", str(script), str(root), stage, str(answer)]
    process = psutil.Popen(command, env=environment)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.05)
    if process.wait():
        sys.exit(f"The build of {stage} failed.")
    return Ran(json.loads(answer.read_text(encoding="utf-8")), peak)


def _tokens(size: Size) -> int:
    """The tokens of all splits."""
    return sum(size.dataset.told["facts"][f"{split}_tokens"] for split in ("train", "eval", "test"))


def _table(sizes: list[Size]) -> str:
    named = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "transformers", "peft"))
    lines = [
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; Python "
        f"{platform.python_version()}, {named}",
        "",
        "| scenarios | tokens | dataset, µs a token | its peak memory | tokens trained on | steps "
        "| training, µs a token | steps alone | of them the last fifth | its peak memory |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_row(size) for size in sizes),
    ]
    return "\n".join([*lines, ""])


def _row(size: Size) -> str:
    told, facts = size.dataset.told, size.dataset.told["facts"]
    scenarios = sum(facts[f"{split}_scenarios"] for split in ("train", "eval", "test"))
    steps: list[tuple[float, int, float]] = size.training.told["steps"][1:]
    whole = size.training.told["steps"][-1][0] - size.training.told["steps"][0][0]
    cells = (
        f"{scenarios:,}",
        f"{_tokens(size):,}",
        f"{1e6 * told['seconds'] / _tokens(size):.1f}",
        f"{size.dataset.peak / 1e6:.0f} MB",
        f"{facts['train_tokens']:,}",
        str(len(steps) + 1),
        f"{1e6 * whole / sum(tokens for _, tokens, _ in steps):.0f}",
        f"{_pace(steps):.0f}",
        f"{_pace(steps[-max(1, len(steps) // 5) :]):.0f}",
        f"{size.training.peak / 1e6:.0f} MB",
    )
    return f"| {' | '.join(cells)} |"


def _pace(steps: list[tuple[float, int, float]]) -> float:
    """Microseconds a token of the steps themselves."""
    return 1e6 * sum(seconds for *_, seconds in steps) / sum(tokens for _, tokens, _ in steps)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
