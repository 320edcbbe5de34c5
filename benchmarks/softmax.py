"""Measures `train.sampled_softmax` against the whole vocabulary, on the embedded default.

`python benchmarks/softmax.py --project FOLDER [--scenarios N] [--drawn N…] [--write]`. FOLDER is a project in which the
default's dataset is built. Each of N scenarios of the train split, from all over it, is a step of its own: its gradient
over the whole vocabulary, and with so many tokens drawn, turn by turn. The adapter is a fresh one with small random
weights in B, so that no gradient is zero. `--write` puts the table into the README.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import torch
from loresmith.base.acquire import read_config
from loresmith.dataset.build import samples_of
from loresmith.families.family import family_of
from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train.heap import keep_freed_memory
from loresmith.train.loss import supervised_loss
from loresmith.train.model import adapter_parameters, add_adapter, load_base, prepare_rows
from loresmith.train.rows import row_of
from loresmith.train.sampled_softmax import Candidates, SampledSoftmax
from page import put_table
from profile_step import artefact_of

BEGIN, END = "<!-- softmax: written by benchmarks/softmax.py -->\n", "<!-- end of softmax -->\n"
TRAIN = Train(rank=16, alpha=32, call_weight=3)
SMALL = 0.002
"""The deviation of B's weights."""


@dataclass
class Measured:
    """One way's seconds a scenario, its gradients' cosine with the whole's, and their distance from them, as a part of
    their length."""

    seconds: list[float] = field(default_factory=list[float])
    cosine: list[float] = field(default_factory=list[float])
    distance: list[float] = field(default_factory=list[float])


def main() -> None:
    """Measure and print the table; `--write` puts it into the README."""
    asked = _arguments()
    base, dataset = artefact_of(asked.project, "trim"), artefact_of(asked.project, "dataset")
    model, samples = _model(base), samples_of(dataset, "train")
    drawing = {
        n: SampledSoftmax(samples, model.get_output_embeddings().weight.shape[0], n, 7) for n in asked.drawn
    }
    chosen = [samples[number * len(samples) // asked.scenarios] for number in range(asked.scenarios)]
    _gradient(model, chosen[0], None)
    found: dict[str, Measured] = {"whole": Measured()} | {f"{n:,} drawn": Measured() for n in asked.drawn}
    for step, sample in enumerate(chosen):
        whole = _measure(model, sample, None, None, found["whole"])
        for drawn, softmax in drawing.items():
            _measure(model, sample, softmax.of_step(step, "cpu"), whole, found[f"{drawn:,} drawn"])
    known = next(iter(drawing.values())).of_step(0, "cpu").known
    table = _table(found, chosen, known)
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--scenarios", type=int, default=8)
    parser.add_argument("--drawn", type=int, nargs="+", default=[1024, 4096, 16384])
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def _model(base: Path) -> Any:
    keep_freed_memory()
    family = family_of(read_config(base)["architectures"])
    model = add_adapter(load_base(base, family, "fp32"), family, TRAIN)
    with torch.no_grad():
        for name, parameter in adapter_parameters(model).items():
            if "lora_B" in name:
                parameter.normal_(std=SMALL)
    prepare_rows(model, family, "cpu")
    return model.train()


def _measure(
    model: Any, sample: Sample, candidates: Candidates | None, whole: torch.Tensor | None, into: Measured
) -> torch.Tensor:
    started = time.perf_counter()
    gradient = _gradient(model, sample, candidates)
    into.seconds.append(time.perf_counter() - started)
    if whole is not None:
        into.cosine.append(float(torch.dot(gradient, whole) / gradient.norm() / whole.norm()))
        into.distance.append(float((gradient - whole).norm() / whole.norm()))
    return gradient


def _gradient(model: Any, sample: Sample, candidates: Candidates | None) -> torch.Tensor:
    """The adapter's gradient, all of it one vector."""
    model.zero_grad(set_to_none=True)
    supervised_loss(model, row_of([sample], "cpu", TRAIN.call_weight), candidates).backward()
    parts = [p.grad.reshape(-1) for p in adapter_parameters(model).values() if p.grad is not None]
    return torch.cat(parts)


def _table(found: dict[str, Measured], chosen: list[Sample], known: int) -> str:
    named = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "transformers", "peft"))
    tokens, supervised = sum(len(s.ids) for s in chosen), sum(s.supervised for s in chosen)
    lines = [
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; Python "
        f"{platform.python_version()}, {named}; fp32; {len(chosen)} scenarios, {tokens:,} tokens, {supervised:,} of "
        f"them supervised; {known:,} tokens in the replies of the dataset",
        "",
        "| softmax | seconds a scenario | against the whole | cosine with the whole's gradient | lowest | distance |",
        "|---|---|---|---|---|---|",
    ]
    whole = statistics.median(found["whole"].seconds)
    for name, measured in found.items():
        seconds = statistics.median(measured.seconds)
        line = f"| {name} | {seconds:.2f} | {seconds / whole:.2f} |"
        if measured.cosine:
            cosine, distance = statistics.mean(measured.cosine), statistics.mean(measured.distance)
            line += f" {cosine:.4f} | {min(measured.cosine):.4f} | {distance:.3f} |"
        lines.append(line if measured.cosine else f"{line} | | |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
