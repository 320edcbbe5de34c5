"""Training with unsloth, in its environment: `python -m loresmith.unsloth.worker REQUEST`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from loresmith.process.answers import leave_facts, leaving_failures
from loresmith.recipe.schema import Train
from loresmith.store.files import disk_failures
from loresmith.unsloth.place import Place

if TYPE_CHECKING:
    from loresmith.environment.accelerator import Accelerator
    from loresmith.train.loop import Measurement


class Request(BaseModel):
    """What the process is told. `answers`: where it leaves the run's facts, or why it ended."""

    model_config = ConfigDict(frozen=True)

    base: Path
    family: str
    dataset: Path
    train: Train
    parent: Path | None
    folder: Path
    place: Place
    answers: Path


def main() -> None:
    """Train as the request says; a Failure is left in `answers`, and its exit code is the process's."""
    request = Request.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with leaving_failures(request.answers), disk_failures(request.folder):
        leave_facts(request.answers, _train(request, _tell))


def _train(request: Request, on_step: Callable[[Measurement], None]) -> dict[str, Any]:
    # It changes transformers and peft as they are loaded, so it comes before them.
    unsloth = import_module("unsloth")

    from loresmith.dataset.build import few_samples, samples_of
    from loresmith.families.family import family_named
    from loresmith.train.adapter import (
        circumstances,
        keep_freed_memory,
        logged,
        memory_failures,
        save_adapter,
    )
    from loresmith.train.loop import run_training
    from loresmith.train.model import load_adapter_weights, resolve_precision
    from loresmith.unsloth.losses import padded_losses
    from loresmith.unsloth.model import unsloth_model

    keep_freed_memory()
    train, family, folder = request.train, family_named(request.family), request.folder
    accelerator = _accelerator(request.place)
    precision = resolve_precision(train.precision, family, accelerator)
    samples = samples_of(request.dataset, "train")
    held_out = few_samples(request.dataset, "eval", train.eval_scenarios)
    with memory_failures(train):
        model = unsloth_model(request.base, family, train, precision, request.place)
        if request.parent:
            load_adapter_weights(model, request.parent)
        outcome = run_training(
            model,
            samples,
            held_out,
            train,
            accelerator.kind,
            folder,
            logged(folder, on_step),
            losses=padded_losses,
        )
    facts = save_adapter(model, outcome, folder) | circumstances(train, precision, accelerator)
    facts["recomputes_activations"] = train.activation_checkpointing != "never"
    facts["versions"]["unsloth"] = unsloth.__version__
    return facts


def _accelerator(place: Place) -> Accelerator:
    """The device of the place; on a CPU in fp32, since unsloth's layers don't mix precisions there."""
    from loresmith.environment.accelerator import detect_accelerator

    found = detect_accelerator(cpu=place == "cpu")
    return found.model_copy(update={"precision": "fp32"}) if found.kind == "cpu" else found


def _tell(measurement: Measurement) -> None:
    print(json.dumps({"measurement": asdict(measurement)}), flush=True)


if __name__ == "__main__":
    main()
