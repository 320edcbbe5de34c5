"""Measures training: `python benchmarks/train.py --project FOLDER [--scenarios N] [--trl PYTHON] [--unsloth PYTHON]
[--write]`.

FOLDER is a project in which `loresmith train gemma3-270m` has built the base and the dataset. Our loop, TRL's
SFTTrainer and unsloth train the same adapter, from the same first weights, on the same scenarios in the same order and
as many a step, one after the other, each in a process of its own; TRL (benchmarks/peers/trl.txt) and unsloth (the pins
of the unsloth engine) in environments of their own, which are made when their Python isn't named. A step's time is wall
clock, the first two steps left out; memory is the peak of the resident set. All train in fp32; where the machine
multiplies in bf16 itself our loop also trains as `precision: auto` does there. The machine's limit is the best of many
fp32 matrix products of a step's shape, measured between the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from loresmith.environment.accelerator import detect_accelerator
from loresmith.unsloth.environment import unsloth_python
from page import put_table

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- train: written by benchmarks/train.py -->\n", "<!-- end of train -->\n"
WARM_UP = 2
ROW_TOKENS = 2048
BODY, HEAD = 100_000_000, 168_000_000
"""Weights of the 270M: those that every token meets, and those that a supervised one meets besides."""
TARGETS = r".*\.layers\.\d+\.(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)"


@dataclass(frozen=True)
class Trained:
    """Seconds a step (median), tokens and supervised tokens a second, bytes at the peak, and the eval loss."""

    name: str
    seconds: float
    tokens: float
    supervised: float
    peak: int
    eval_loss: float


def main() -> None:
    """Run all and print the table; `--write` puts it into the README."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        job = _job(asked.project, asked.scenarios)
        limit = machine_limit()
        ours = [_run("loresmith", sys.executable, "ours.py", job, Path(scratch))]
        limit = max(limit, machine_limit())
        if (native := detect_accelerator(cpu=True).precision) != job["precision"]:
            job_of_native = job | {"precision": native}
            ours.append(_run(f"loresmith, {native}", sys.executable, "ours.py", job_of_native, Path(scratch)))
        python = asked.trl or _environment(asked.project)
        trl = _run("TRL SFTTrainer", str(python), "trl_trainer.py", job, Path(scratch))
        limit = max(limit, machine_limit())
        own = asked.unsloth or unsloth_python(
            "cpu", asked.project / "ai-training" / "build" / "engines", print
        )
        unsloth = _run("unsloth", str(own), "unsloth_trainer.py", job, Path(scratch))
        peers = f"TRL {_version(str(python), 'trl')}, unsloth {_version(str(own), 'unsloth')}"
        table = _table([*ours, trl, unsloth], job, max(limit, machine_limit()), peers)
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--scenarios", type=int, default=24)
    parser.add_argument("--trl", type=Path, help="the Python of an environment with TRL")
    parser.add_argument("--unsloth", type=Path, help="the Python of an environment with unsloth")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def machine_limit() -> float:
    """The best fp32 matrix product in floating-point operations a second, of a packed row and an MLP's weights."""
    import torch

    a, b = torch.randn(2048, 640), torch.randn(640, 2048)
    best = 0.0
    for _ in range(30):
        started = time.perf_counter()
        torch.matmul(a, b)
        best = max(best, 2 * 2048 * 640 * 2048 / (time.perf_counter() - started))
    return best


def _job(project: Path, scenarios: int) -> dict[str, Any]:
    """What all train on: base, samples with their loss spans and labels, which of them make the row of each step,
    and the settings."""
    from loresmith.dataset.build import read_samples
    from loresmith.train.rows import packed

    base, dataset = _artefacts(project)
    train = read_samples(dataset, "train")[:scenarios]
    return {
        "base": str(base),
        "train": [_entry(s) for s in train],
        "eval": [_entry(s) for s in read_samples(dataset, "eval")[:8]],
        "rows": packed([len(sample.ids) for sample in train], ROW_TOKENS),
        "rank": 16, "alpha": 32, "targets": TARGETS, "learning_rate": 4e-4, "weight_decay": 0.01, "clip_norm": 1.0,
        "row_tokens": ROW_TOKENS, "seed": 7, "precision": "fp32",
    }  # fmt: skip


def _artefacts(project: Path) -> tuple[Path, Path]:
    """The folders of the base with its whole vocabulary, and of the dataset in its tokens."""
    for manifest in sorted((project / "ai-training" / "build" / "base").glob("*/manifest.json")):
        tokenizer = json.loads(manifest.read_text(encoding="utf-8"))["files"]["tokenizer.json"]
        for dataset in sorted((project / "ai-training" / "build").glob("*dataset/*/manifest.json")):
            if json.loads(dataset.read_text(encoding="utf-8"))["inputs"]["tokenizer"] == tokenizer:
                return manifest.parent, dataset.parent
    sys.exit(f"{project} has no dataset in the base's tokens: run `loresmith train gemma3-270m` there first.")


def _entry(sample: Any) -> dict[str, Any]:
    supervised = {column for start, end in sample.spans for column in range(start, end)}
    labels = [i if column in supervised else -100 for column, i in enumerate(sample.ids)]
    return {"ids": sample.ids, "spans": sample.spans, "labels": labels}


def _environment(project: Path) -> Path:
    """An environment with TRL, made below the project's build folder when it isn't there."""
    folder = project / "ai-training" / "build" / "peers" / "trl"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "peers" / "trl.txt")], check=True
        )
    return python


def _run(name: str, python: str, script: str, job: dict[str, Any], scratch: Path) -> Trained:
    job_file, result_file = scratch / "job.json", scratch / f"{script}.json"
    # A folder of its own: a run would go on from another one's checkpoints.
    own = tempfile.mkdtemp(dir=scratch)
    job_file.write_text(json.dumps(job | {"scratch": own}), encoding="utf-8")
    command = [python, str(HERE / "peers" / script), str(job_file), str(result_file)]
    process = psutil.Popen(command, env=os.environ | {"TOKENIZERS_PARALLELISM": "false"})
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.2)
    if process.wait():
        sys.exit(f"{name} failed.")
    result = json.loads(result_file.read_text(encoding="utf-8"))
    steps = result["step_seconds"]
    share = sum(steps[WARM_UP:]) * len(steps) / (len(steps) - WARM_UP)
    tokens = sum(len(s["ids"]) for s in job["train"])
    supervised = sum(label != -100 for s in job["train"] for label in s["labels"])
    return Trained(
        name,
        statistics.median(steps[WARM_UP:]),
        tokens / share,
        supervised / share,
        peak,
        result["eval_loss"],
    )


def _table(rows: list[Trained], job: dict[str, Any], limit: float, peers: str) -> str:
    ours = rows[0]
    supervised = sum(label != -100 for s in job["train"] for label in s["labels"])
    tokens = sum(len(s["ids"]) for s in job["train"])
    per_token = 4 * (BODY + HEAD * supervised / tokens)
    lines = [
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; "
        f"{_versions()}; {peers}; {len(job['train'])} scenarios, {tokens:,} tokens, "
        f"{supervised:,} of them supervised; fp32 matrix products at most {limit / 1e9:.0f} GFLOP/s",
        "",
        "| trainer | supervised tokens/s | all tokens/s | s/step | of the machine's fp32 limit | peak memory "
        "| eval loss | speed against ours | memory against ours |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.name} | {r.supervised:.0f} | {r.tokens:.0f} | {r.seconds:.1f} | {r.tokens * per_token / limit:.0%} "
        f"| {r.peak / 1e9:.2f} GB | {r.eval_loss:.3f} | {r.supervised / ours.supervised:.2f} "
        f"| {r.peak / ours.peak:.2f} |"
        for r in rows
    ]
    return "\n".join([*lines, ""])


def _versions() -> str:
    named = ("torch", "transformers", "peft")
    return ", ".join([f"Python {platform.python_version()}", *(f"{n} {metadata.version(n)}" for n in named)])


def _version(python: str, package: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
