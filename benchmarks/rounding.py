"""Measures what rounding costs a tuned model: `python benchmarks/rounding.py --project FOLDER [--kinds KIND…]
[--positions N] [--write]`.

FOLDER is a project in which a tuned model's f16 file, importance matrix and moments are built. The file is quantized by
llama.cpp alone, which is the peer, by llama.cpp led by the importance matrix, and with compensated rounding after that;
each is compared with f16 at so many supervised positions of the eval split, none of which the matrix was measured on.
`--write` puts the table into the README.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import psutil
from loresmith.dataset.build import read_samples
from loresmith.pipeline.back_stages import COMPARED_POSITIONS, F16, IMPORTANCE, MOMENTS, compared_positions
from loresmith.quantize.divergence import divergence
from loresmith.quantize.run import quantize
from page import put_table
from profile_step import artefact_of

BEGIN, END = "<!-- rounding: written by benchmarks/rounding.py -->\n", "<!-- end of rounding -->\n"


def main() -> None:
    """Measure and print the table; `--write` puts it into the README."""
    asked = _arguments()
    source, dataset = artefact_of(asked.project, "gguf") / F16, artefact_of(asked.project, "dataset")
    measured = artefact_of(asked.project, "importance")
    ways: dict[str, list[Path]] = {
        "llama.cpp alone": [],
        "led by the importance matrix": [measured / IMPORTANCE],
        "and compensated": [measured / IMPORTANCE, measured / MOMENTS],
    }
    sequences, positions = compared_positions(read_samples(dataset, "eval"), asked.positions)
    rows = list[str]()
    for kind in asked.kinds:
        alone: float | None = None
        for name, led_by in ways.items():
            row, alone = _row(kind, name, source, led_by, sequences, positions, alone)
            rows.append(row)
            print(row, flush=True)
    table = _table(rows, sum(map(len, positions)))
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=["q6_k", "q5_k_m", "q4_k_m", "q4_0", "q3_k_m"])
    parser.add_argument("--positions", type=int, default=COMPARED_POSITIONS)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _row(
    kind: str,
    name: str,
    source: Path,
    led_by: list[Path],
    sequences: Sequence[Sequence[int]],
    positions: Sequence[Sequence[int]],
    alone: float | None,
) -> tuple[str, float]:
    """The table's row, and the divergence that those below it are compared with."""
    with tempfile.TemporaryDirectory(dir=source.parent.parent) as scratch:
        started = time.perf_counter()
        made = quantize(source, Path(scratch) / "model.gguf", kind, _ignore, *led_by)
        seconds = time.perf_counter() - started
        moved = divergence(source, made.path, sequences, positions, _ignore)
    first = alone or moved.mean
    row = (
        f"| {kind} | {name} | {made.bytes:,} | {seconds:.0f} | {moved.mean:.4f} | {moved.mean / first:.2f} | "
        f"{moved.p99:.3f} | {moved.top1_agreement:.1%} |"
    )
    return row, first


def _ignore(_: float) -> None:
    """Progress that nobody looks at."""


def _table(rows: list[str], positions: int) -> str:
    named = ", ".join(f"{name} {metadata.version(name)}" for name in ("llama-cpp-python", "torch"))
    return "\n".join(
        [
            f"{platform.machine()}, {psutil.cpu_count()} cores; Python {platform.python_version()}, {named}; "
            f"{positions} positions",
            "",
            "| kind | rounded | bytes | seconds | mean KL from f16, nats | against llama.cpp | 99th percentile | same "
            "likeliest token |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
