"""Our training loop on a job file: `python ours.py JOB.json RESULT.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import loresmith.train.loop
from loresmith.base.acquire import read_config
from loresmith.families.family import family_of
from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train.heap import keep_freed_memory
from loresmith.train.loop import Measurement, mean_loss, run_training
from loresmith.train.model import add_adapter, load_base, prepare_rows


def main(job_file: str, result_file: str) -> None:
    """Train as the job says and write the measurements."""
    keep_freed_memory()
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    base = Path(job["base"])
    family = family_of(read_config(base)["architectures"])
    train = Train(
        rank=job["rank"], alpha=job["alpha"], learning_rate=job["learning_rate"], schedule="constant", warmup=0,
        weight_decay=job["weight_decay"], clip_norm=job["clip_norm"], batch_size=1,
        row_tokens=job["row_tokens"], max_steps=len(job["rows"]), eval_every=10**6, checkpoint_every=10**6,
        seed=job["seed"],
    )  # fmt: skip
    model = add_adapter(load_base(base, family, job["precision"]), family, train)
    prepare_rows(model, family, "cpu", job["precision"])
    seconds: list[float] = []

    def on_step(measurement: Measurement) -> None:
        seconds.append(measurement.seconds)

    samples, held_out = _samples(job["train"]), _samples(job["eval"])

    def given_row(_samples: Sequence[Sample], _batch_size: int, _seed: int, step: int) -> list[Sample]:
        return [samples[at] for at in job["rows"][step]]

    # Each step takes the row that the peers take, not a batch drawn by the seed.
    loresmith.train.loop.batch_of = given_row
    run_training(model, samples, held_out[:1], train, "cpu", Path(job["scratch"]), on_step)
    eval_loss = mean_loss(model, held_out, "cpu", train)
    result = {"step_seconds": seconds, "eval_loss": eval_loss}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


def _samples(entries: list[dict[str, Any]]) -> list[Sample]:
    return [
        Sample(id=str(number), path="", category="", weight=1.0, party=("Lyra",),
               ids=tuple(entry["ids"]), spans=tuple(map(tuple, entry["spans"])), deeds=(), messages=())
        for number, entry in enumerate(entries)
    ]  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
