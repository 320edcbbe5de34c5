"""What a training leaves of its measurements: a line of JSON for each step while it runs, then its losses."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.store.files import write_atomically

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

METRICS = "metrics.jsonl"
HISTORY, CURVE = "history.json", "loss.png"
"""The losses of a finished training by step, and their picture, in its adapter's folder."""
RECENT = 100
"""Steps that tell how fast a training goes now."""


@dataclass(frozen=True)
class Pace:
    """How far a training has come: its newest checkpoint is of `step` of `steps`, and the latest steps took `seconds`
    each, evaluations left out."""

    step: int
    steps: int
    seconds: float


def pace_in(folder: Path) -> Pace | None:
    """The pace of the training in a folder, from its latest 100 steps; None where it has logged none, or has no
    checkpoint to go on from."""
    lines, checkpoints = _whole_lines(folder / METRICS), sorted(folder.glob("checkpoint-*.safetensors"))
    if not lines or not checkpoints:
        return None
    step = int(checkpoints[-1].stem.removeprefix("checkpoint-"))
    recent = [json.loads(line) for line in lines[-RECENT:]]
    seconds = sum(measured["seconds"] for measured in recent) / len(recent)
    return Pace(step, recent[-1]["steps"], seconds)


def logged(folder: Path, on_step: Callable[[Measurement], None]) -> Callable[[Measurement], None]:
    """`on_step`, with every measurement also appended to metrics.jsonl."""
    started: list[bool] = []

    def log(measurement: Measurement) -> None:
        if not started:
            _drop_steps_from(folder / METRICS, measurement.step)
            started.append(True)
        speed = {"tokens_per_second": round(measurement.tokens / measurement.seconds, 1)}
        line = json.dumps(asdict(measurement) | speed) + "\n"
        with (folder / METRICS).open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        on_step(measurement)

    return log


def _drop_steps_from(metrics: Path, step: int) -> None:
    """Forget the steps after the checkpoint that a resumed run does again."""
    if metrics.exists():
        kept = [line for line in _whole_lines(metrics) if json.loads(line)["step"] < step]
        write_atomically(metrics, "".join(f"{line}\n" for line in kept))


def _whole_lines(metrics: Path) -> list[str]:
    """The lines that a killed run didn't leave half written; none where there is no file."""
    if not metrics.exists():
        return []
    return [line for line in metrics.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
