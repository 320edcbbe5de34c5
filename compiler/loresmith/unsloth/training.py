"""The training with unsloth. Imported after unsloth, which changes transformers and peft as they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loresmith.dataset.build import few_samples, samples_of
from loresmith.environment.accelerator import Accelerator, detect_accelerator
from loresmith.families.family import family_named
from loresmith.train.adapter import circumstances, memory_failures, save_adapter
from loresmith.train.heap import keep_freed_memory
from loresmith.train.loop import Measurement, Outcome, run_training
from loresmith.train.metrics import logged
from loresmith.train.model import load_adapter_weights, resolve_precision
from loresmith.unsloth.losses import padded_losses
from loresmith.unsloth.model import unsloth_model
from loresmith.unsloth.place import Place
from loresmith.unsloth.request import Request


def train_with_unsloth(request: Request, on_step: Callable[[Measurement], None]) -> dict[str, Any]:
    """Train and write the adapter into the request's folder; gives the run's facts.

    Raises EnvironmentFailure when memory runs out.
    """
    keep_freed_memory()
    train = request.train
    accelerator = _accelerator(request.place)
    precision = resolve_precision(train.precision, family_named(request.family), accelerator)
    with memory_failures(train):
        model = _model(request, precision)
        outcome = _outcome(model, request, accelerator.kind, on_step)
    facts = save_adapter(model, outcome, request.folder) | circumstances(train, precision, accelerator)
    return facts | {"recomputes_activations": train.activation_checkpointing != "never"}


def _model(request: Request, precision: str) -> Any:
    """The base with an adapter: a new one, or the parent's."""
    family = family_named(request.family)
    model = unsloth_model(request.base, family, request.train, precision, request.place)
    if request.parent:
        load_adapter_weights(model, request.parent)
    return model


def _outcome(model: Any, request: Request, device: str, on_step: Callable[[Measurement], None]) -> Outcome:
    train, folder = request.train, request.folder
    samples = samples_of(request.dataset, "train")
    held_out = few_samples(request.dataset, "eval", train.eval_scenarios)
    log = logged(folder, on_step)
    return run_training(model, samples, held_out, train, device, folder, log, losses=padded_losses)


def _accelerator(place: Place) -> Accelerator:
    """The device of the place; on a CPU in fp32, since unsloth's layers don't mix precisions there."""
    found = detect_accelerator(cpu=place == "cpu")
    return found.model_copy(update={"precision": "fp32"}) if found.kind == "cpu" else found
