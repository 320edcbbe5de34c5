"""The train stage: base folder and dataset in, adapter folder, metrics and loss curve out."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import loresmith
from loresmith.dataset.build import few_samples, samples_of
from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.environment.accelerator import Accelerator
from loresmith.families.family import Family
from loresmith.process.child import tells_of_lacking_memory
from loresmith.recipe.train import Train
from loresmith.store.files import write_atomically
from loresmith.train.curve import draw_loss_curve
from loresmith.train.heap import give_back_freed_memory, keep_freed_memory
from loresmith.train.loop import Measurement, Outcome, run_training
from loresmith.train.metrics import CURVE, HISTORY, logged
from loresmith.train.model import (
    add_adapter,
    load_adapter_weights,
    load_base,
    prepare_rows,
    resolve_precision,
)
from loresmith.train.recomputation import choose_recomputation, recompute_layers
from loresmith.train.world import ALONE, World


def train_adapter(
    base: Path,
    family: Family,
    dataset: Path,
    train: Train,
    parent: Path | None,
    accelerator: Accelerator,
    folder: Path,
    on_step: Callable[[Measurement], None],
    world: World = ALONE,
    say: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Train and write the adapter into `folder`; gives the run's facts. Of several processes only the first writes.

    `parent` is the adapter to start from; `say` hears what is worth a line to the user. A run that was stopped goes on
    from its checkpoint in `folder`. Raises EnvironmentFailure when memory runs out.
    """
    keep_freed_memory()
    precision = resolve_precision(train.precision, family, accelerator)
    samples, held_out = samples_of(dataset, "train"), few_samples(dataset, "eval", train.eval_scenarios)
    with memory_failures(train):
        model = load_base(base, family, precision)
        model = add_adapter(model.to(accelerator.kind), family, train)
        if parent:
            load_adapter_weights(model, parent)
        prepare_rows(model, family, accelerator.kind, precision)
        recomputes = _recompute_where_needed(model, train, samples.lengths, accelerator.kind, world, say)
        outcome = run_training(
            model, samples, held_out, train, accelerator.kind, folder, logged(folder, on_step), world
        )
    facts: dict[str, Any] = {}
    if world.is_main:
        facts = save_adapter(model, outcome, folder)
        draw_loss_curve(outcome.progress.history, outcome.progress.best_step, folder / CURVE)
    facts["recomputes_activations"] = recomputes
    del model, outcome
    give_back_freed_memory()
    return facts | circumstances(train, precision, accelerator, world)


def _recompute_where_needed(
    model: Any, train: Train, lengths: Sequence[int], device: str, world: World, say: Callable[[str], None]
) -> bool:
    """Whether the layers' activations are now made again for the gradient."""
    processes = world.local_size if device == "cpu" else 1
    recomputes, reason = choose_recomputation(model, train, lengths, device, processes)
    if recomputes:
        recompute_layers(model)
    if reason and world.is_main:
        say(reason)
    return recomputes


@contextmanager
def memory_failures(train: Train) -> Generator[None]:
    """Turn the end of the memory, whoever found it, into an EnvironmentFailure that says what to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise EnvironmentFailure(
            "Memory ran out while training.",
            remedy=f"Set train.activation_checkpointing to always (now {train.activation_checkpointing}), or lower "
            f"train.row_tokens (now {train.row_tokens}), train.context (now {train.context}) or train.rank "
            f"(now {train.rank}); the checkpoints are kept.",
        ) from error


def circumstances(
    train: Train, precision: str, accelerator: Accelerator, world: World = ALONE
) -> dict[str, Any]:
    """What a reader needs to repeat the run: other versions or another kind of machine give other last bits."""
    return {
        "seed": train.seed,
        "precision": precision,
        "machine": {
            "accelerator": accelerator.kind,
            "name": accelerator.name,
            "architecture": platform.machine(),
            "threads": torch.get_num_threads(),
            "processes": world.size,
        },
        "versions": {"loresmith": loresmith.__version__, "python": platform.python_version()}
        | {name: metadata.version(name) for name in ("torch", "transformers", "peft")},
    }


def save_adapter(model: Any, outcome: Outcome, folder: Path) -> dict[str, Any]:
    """Write the best adapter and the history, drop the checkpoints; gives how the run went."""
    named = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in outcome.best.items():
            named[name].copy_(tensor)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    _forget_machine_paths(folder / "adapter_config.json")
    progress = outcome.progress
    write_atomically(folder / HISTORY, json.dumps(progress.history, indent=1))
    for checkpoint in folder.glob("checkpoint-*.safetensors"):
        checkpoint.unlink()
    return {
        "steps": progress.step,
        "planned_steps": outcome.steps,
        "stopped_early": progress.stopped_early,
        "best_step": progress.best_step,
        "best_eval_loss": progress.best_eval,
        "first_loss": progress.history[0]["loss"],
        "last_loss": progress.history[-1]["loss"],
    }


def _forget_machine_paths(config: Path) -> None:
    """PEFT notes where the base lay on this machine and writes sets in no order: neither is the model's."""
    content = json.loads(config.read_text(encoding="utf-8"))
    content["base_model_name_or_path"] = None
    if isinstance(content["target_modules"], list):
        content["target_modules"].sort()
    write_atomically(config, json.dumps(content, indent=2, sort_keys=True))


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or tells_of_lacking_memory(str(error))
