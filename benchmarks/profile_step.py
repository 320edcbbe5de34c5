"""Where the time of a training step goes: `python benchmarks/profile_step.py --project FOLDER [--steps N]
[--precision P] [--write]`.

FOLDER is a project in which the embedded default's base and dataset are built (`loresmith train gemma3-270m`). Full
rows of the dataset are trained on, one a step, under torch's profiler: each operation's own time is counted for the
part of the model that it was called in, forward or backward; matrix products with the adapter's rank in their shape
count for the adapter. Two steps go before. The machine's limit is the best fp32 matrix product of a row's shape.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import torch
from loresmith.base.acquire import read_config
from loresmith.dataset.build import samples_of
from loresmith.families.family import family_of
from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train.adapted_linear import AdaptedLinear
from loresmith.train.attention import IsolatedAttention
from loresmith.train.elementwise import RmsNorm
from loresmith.train.gated_linear import GatedAdaptedLinear
from loresmith.train.heap import keep_freed_memory
from loresmith.train.loop import accumulate_gradients
from loresmith.train.loss import SupervisedCrossEntropy
from loresmith.train.model import adapter_parameters, add_adapter, load_base, prepare_rows
from loresmith.train.rows import packed
from page import put_table

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- profile: written by benchmarks/profile_step.py -->\n", "<!-- end of profile -->\n"
TRAIN = Train(rank=16, alpha=32, learning_rate=4e-4, batch_size=2, row_tokens=2048)
WARM_UP = 2
PARTS = {
    "q_proj": "q, k, v, o", "k_proj": "q, k, v, o", "v_proj": "q, k, v, o", "o_proj": "q, k, v, o",
    "gate_proj": "gate, up, down", "up_proj": "gate, up, down", "down_proj": "gate, up, down",
}  # fmt: skip
OPERATIONS = {
    IsolatedAttention: "attention",
    RmsNorm: "norms",
    SupervisedCrossEntropy: "head and loss",
}
MARK = "part/"
REST = "the rest (rotary positions, residuals, embedding)"
PRODUCTS = {"aten::mm", "aten::addmm", "aten::addmm_", "aten::bmm"}
GATES = {"aten::gelu", "aten::gelu_backward", "aten::silu", "aten::silu_backward", "aten::mul", "aten::mul_"}
"""What an MLP does besides its products."""


@dataclass
class Spent:
    """Seconds and floating-point operations of matrix products, forward and backward."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    operations: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def main() -> None:
    """Profile and print the table; `--write` puts it into the README."""
    asked = _arguments()
    limit = machine_limit()
    model, rows = _model(asked.project, asked.precision), _rows(asked.project)
    optimizer = torch.optim.AdamW(adapter_parameters(model).values(), lr=TRAIN.learning_rate)
    _mark(model)
    for batch in islice(rows, WARM_UP):
        _step(model, optimizer, batch)
    measured = list(islice(rows, asked.steps))
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], record_shapes=True
    ) as profiler:
        for batch in measured:
            _step(model, optimizer, batch)
    table = _table(_spent(profiler.events() or []), measured, max(limit, machine_limit()))
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--precision", default="fp32", help="fp32 or bf16-mixed")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


def machine_limit() -> float:
    """The best fp32 matrix product in floating-point operations a second, of a row and an MLP's weights."""
    import time

    a, b = torch.randn(2048, 640), torch.randn(640, 2048)
    best = 0.0
    for _ in range(30):
        started = time.perf_counter()
        torch.matmul(a, b)
        best = max(best, 2 * 2048 * 640 * 2048 / (time.perf_counter() - started))
    return best


def artefact_of(project: Path, *stages: str) -> Path:
    """The largest artefact of the first of these stages that has one."""
    for stage in stages:
        found = (project / "ai-training" / "build" / stage).glob("*/manifest.json")
        if largest := max((path.parent for path in found), key=_size, default=None):
            return largest
    sys.exit(f"{project} has no built {stages[0]}: run `loresmith train gemma3-270m` there first.")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _model(project: Path, precision: str) -> Any:
    keep_freed_memory()
    base = artefact_of(project, "base")
    family = family_of(read_config(base)["architectures"])
    model = add_adapter(load_base(base, family, precision), family, TRAIN)
    prepare_rows(model, family, "cpu", precision)
    return model.train()


def _rows(project: Path) -> Iterable[list[Sample]]:
    """The samples of full rows in the untrimmed base's tokens, one row after the other."""
    samples = samples_of(artefact_of(project, "base-dataset", "dataset"), "train")
    groups = packed(samples.lengths, TRAIN.row_tokens)
    full = [g for g in groups if sum(samples.lengths[n] for n in g) > 0.9 * TRAIN.row_tokens]
    return ([samples[number] for number in group] for group in full)


def _step(model: Any, optimizer: torch.optim.Optimizer, batch: list[Sample]) -> None:
    optimizer.zero_grad(set_to_none=True)
    accumulate_gradients(model, batch, TRAIN, "cpu")
    with torch.profiler.record_function(f"{MARK}gradient norm and optimizer/forward"):
        torch.nn.utils.clip_grad_norm_(adapter_parameters(model).values(), TRAIN.clip_norm)
        optimizer.step()


def _mark(model: Any) -> None:
    """Let every operation of ours say which part of the model it computes, forward and backward."""
    names = {
        module.weight.data_ptr(): PARTS[name.split(".base_layer")[0].rpartition(".")[2]]
        for name, module in model.named_modules()
        if name.endswith(".base_layer")
    }
    _wrap(AdaptedLinear, lambda inputs: names[inputs[1].data_ptr()])
    _wrap(GatedAdaptedLinear, lambda inputs: names[inputs[3].data_ptr()])
    for operation, part in OPERATIONS.items():
        _wrap(operation, lambda _inputs, part=part: part)


def _wrap(operation: Any, part_of: Callable[[tuple[Any, ...]], str]) -> None:
    forward, backward = operation.forward, operation.backward

    def marked_forward(ctx: Any, *inputs: Any) -> Any:
        ctx.part = part_of(inputs)
        with torch.profiler.record_function(f"{MARK}{ctx.part}/forward"):
            return forward(ctx, *inputs)

    def marked_backward(ctx: Any, *gradients: Any) -> Any:
        with torch.profiler.record_function(f"{MARK}{ctx.part}/backward"):
            return backward(ctx, *gradients)

    operation.forward, operation.backward = staticmethod(marked_forward), staticmethod(marked_backward)


def _spent(events: Iterable[Any]) -> dict[str, Spent]:
    """Part -> what it took. An operation belongs to the mark that it was called under."""
    parts: dict[str, Spent] = defaultdict(Spent)
    for event in events:
        part, way = _place(event)
        if event.name in GATES and part == PARTS["down_proj"]:
            part = "gates"
        if event.name in PRODUCTS:
            shapes = [shape for shape in event.input_shapes if len(shape) >= 2]
            part = "adapter (its matrix products)" if any(TRAIN.rank in s for s in shapes) else part
            parts[part].operations[way] += _operations(shapes)
        parts[part].seconds[way] += event.self_cpu_time_total / 1e6
    return parts


def _place(event: Any) -> tuple[str, str]:
    ancestor, backward = event, False
    while ancestor is not None:
        if ancestor.name.startswith(MARK):
            _, part, way = ancestor.name.split("/")
            return part, way
        backward = backward or ancestor.name.startswith("autograd::engine")
        ancestor = ancestor.cpu_parent
    return REST, "backward" if backward else "forward"


def _operations(shapes: list[list[int]]) -> float:
    """2 m k n of the product of the last two matrices of a call."""
    left, right = shapes[-2:]
    return 2.0 * left[-2] * left[-1] * right[-1] * (left[0] if len(left) == 3 else 1)


def _table(parts: dict[str, Spent], batches: list[list[Sample]], limit: float) -> str:
    steps = len(batches)
    tokens = sum(len(sample.ids) for batch in batches for sample in batch) / steps
    supervised = sum(sample.supervised for batch in batches for sample in batch) / steps
    whole = sum(sum(spent.seconds.values()) for spent in parts.values())
    named = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "transformers", "peft"))
    lines = [
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; Python "
        f"{platform.python_version()}, {named}; {steps} steps of one row, {tokens:,.0f} tokens, {supervised:,.0f} of "
        f"them supervised; {whole / steps:.2f} s a step under the profiler; fp32 matrix products at most "
        f"{limit / 1e9:.0f} GFLOP/s",
        "",
        "| part | forward, ms | backward, ms | of the step | matrix products, GFLOP/s over its whole time |",
        "|---|---|---|---|---|",
    ]
    for part, spent in sorted(parts.items(), key=lambda one: -sum(one[1].seconds.values())):
        seconds, operations = sum(spent.seconds.values()), sum(spent.operations.values())
        speed = f"{operations / seconds / 1e9:.0f}" if operations else ""
        lines.append(
            f"| {part} | {1e3 * spent.seconds['forward'] / steps:.0f} | {1e3 * spent.seconds['backward'] / steps:.0f} "
            f"| {seconds / whole:.1%} | {speed} |"
        )
    operations = sum(sum(spent.operations.values()) for spent in parts.values())
    lines.append(
        f"| all | | | | {operations / whole / 1e9:.0f} ({operations / whole / limit:.0%} of the limit) |"
    )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
