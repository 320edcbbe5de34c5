"""A tiny base, a dataset and runs on them: with our engine, and in unsloth's process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loresmith.environment.accelerator import detect_accelerator
from loresmith.families.family import family_named
from loresmith.recipe.train import Train
from loresmith.train.adapter import train_adapter
from loresmith.train.loop import Measurement
from loresmith.unsloth.launch import launch_unsloth
from loresmith.unsloth.request import Request

from tests.families.tiny import VOCABULARY, make_folder
from tests.unit.samples import made_samples

TRAIN = Train(
    rank=4, learning_rate=1e-3, batch_size=3, epochs=3, eval_every=2, checkpoint_every=2, row_tokens=128,
    activation_checkpointing="never", precision="fp32",
)  # fmt: skip
STEPS = 12
"""Ten samples in batches of three, three times."""


def make(root: Path, family: str) -> Path:
    """A base of the family and a dataset whose scenarios don't all weigh the same."""
    make_folder(family, root / "base")
    write_dataset(root / "dataset")
    return root


def write_dataset(folder: Path, weight: float = 1.0) -> None:
    """Ten samples to train on and three held out."""
    folder.mkdir(parents=True)
    for split, count, seed in (("train", 10, 0), ("eval", 3, 9)):
        samples = [
            sample.model_copy(update={"weight": weight * (1 + number % 2)})
            for number, sample in enumerate(made_samples(count, VOCABULARY, seed))
        ]
        (folder / f"{split}.jsonl").write_text("".join(f"{s.model_dump_json()}\n" for s in samples))


def ours(made: Path, family: str, folder: Path) -> list[Measurement]:
    """The steps of our own engine on the CPU."""
    steps: list[Measurement] = []
    folder.mkdir()
    accelerator = detect_accelerator(cpu=True)
    train_adapter(
        made / "base",
        family_named(family),
        made / "dataset",
        TRAIN,
        None,
        accelerator,
        folder,
        steps.append,
    )
    return steps


def unsloths(
    made: Path,
    family: str,
    folder: Path,
    on_step: Callable[[Measurement], None],
    python: Path = Path(sys.executable),
    **changes: Any,
) -> dict[str, Any]:
    """The facts of a run in unsloth's process."""
    folder.mkdir(exist_ok=True)

    def request(answers: Path) -> Request:
        told: dict[str, Any] = {
            "base": made / "base", "family": family, "dataset": made / "dataset", "train": TRAIN, "parent": None,
            "folder": folder, "place": "cpu", "answers": answers,
        }  # fmt: skip
        return Request(**told | changes)

    return launch_unsloth(python, request, on_step)
