"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from loresmith.dataset.sample_file import lengths_of
from loresmith.recipe.schema import Train
from loresmith.render.tokens import Sample
from loresmith.train.batches import batch_of, steps_per_epoch
from loresmith.train.checkpoint import Progress, newest_checkpoint, restore, save_checkpoint
from loresmith.train.loss import supervised_loss
from loresmith.train.memory import held_memory_bytes
from loresmith.train.model import adapter_parameters
from loresmith.train.rows import packed, row_of, weight_of
from loresmith.train.sanity import require_sane_eval, require_sane_step
from loresmith.train.world import ALONE, World


@dataclass(frozen=True)
class Measurement:
    """One step as the user sees it. Losses in nats a token, `seconds` for this step alone, evaluation left out.

    `gradient_norm` is that of the adapter's gradient before it is scaled down; `memory_bytes` is as
    `held_memory_bytes` counts.
    """

    step: int
    steps: int
    loss: float
    eval_loss: float | None
    learning_rate: float
    tokens: int
    supervised: int
    seconds: float
    gradient_norm: float
    memory_bytes: int


@dataclass(frozen=True)
class Outcome:
    """What a finished run gives: the adapter with the lowest eval loss, and how it went."""

    progress: Progress
    best: dict[str, torch.Tensor]
    steps: int


def total_steps(samples: int, train: Train) -> int:
    """Optimizer steps of a whole run."""
    steps = train.epochs * steps_per_epoch(samples, train.batch_size)
    return min(steps, train.max_steps) if train.max_steps else steps


def learning_rate_at(step: int, steps: int, train: Train) -> float:
    """The learning rate of step `step` (from 0): a linear rise, then cosine to a tenth, linear to zero, or flat."""
    warmup = math.ceil(train.warmup * steps)
    if step < warmup:
        return train.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    if train.schedule == "cosine":
        return train.learning_rate * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))
    return train.learning_rate * (1 - done if train.schedule == "linear" else 1.0)


Losses = Callable[[Any, Sequence[Sample], Train, str, World], Iterator[torch.Tensor]]
"""Gives the summed, weighted loss of this process's share of some samples, part after part, under a model."""


def packed_losses(
    model: Any, samples: Sequence[Sample], train: Train, device: str, world: World
) -> Iterator[torch.Tensor]:
    """The losses row by row, each packed with samples that see only themselves."""
    for group in _own_groups(samples, train, world):
        yield supervised_loss(model, row_of(group, device, train.call_weight))


def run_training(
    model: Any,
    samples: Sequence[Sample],
    held_out: Sequence[Sample],
    train: Train,
    device: str,
    folder: Path,
    on_step: Callable[[Measurement], None],
    world: World = ALONE,
    losses: Losses = packed_losses,
) -> Outcome:
    """Train to the end, from the newest checkpoint in `folder` when there is one.

    In a world of several each process computes its share of every step; the first one's `folder` counts, and only the
    first writes checkpoints and calls `on_step`. `losses` are the model's own, where `prepare_rows` hasn't made it
    ready for the packed ones. Raises Rejected on NaN and on divergence; the checkpoints stay.
    """
    parameters = adapter_parameters(model)
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=train.learning_rate, weight_decay=train.weight_decay
    )
    world.begin_as_main(parameters.values())
    content = world.said_by_main(newest_checkpoint(folder) if world.is_main else None)
    progress, best = restore(content, parameters, optimizer) if content else (Progress(), {})
    steps = total_steps(len(samples), train)
    while progress.step < steps and not progress.stopped_early:
        started = time.monotonic()
        rate = learning_rate_at(progress.step, steps, train)
        batch = batch_of(samples, train.batch_size, train.seed, progress.step)
        loss, norm = _gradients(model, parameters, optimizer, batch, train, device, world, losses)
        require_sane_step(loss, norm, progress, train)
        _step(optimizer, rate)
        seconds = time.monotonic() - started
        progress.step += 1
        eval_loss = None
        if progress.step % train.eval_every == 0 or progress.step == steps:
            eval_loss = mean_loss(model, held_out, device, train, world, losses)
            require_sane_eval(eval_loss, progress, train)
            best = _note_eval(progress, eval_loss, parameters, best, train.patience)
        progress.history.append({"step": progress.step, "loss": loss, "eval_loss": eval_loss})
        if world.is_main:
            done = (progress.step, steps, loss, eval_loss, rate)
            on_step(_measurement(done, batch, seconds, norm, held_memory_bytes(device)))
        if world.is_main and _is_checkpoint(progress, steps, train):
            save_checkpoint(folder, parameters, best, optimizer, progress)
    return Outcome(progress, best, steps)


def mean_loss(
    model: Any,
    samples: Sequence[Sample],
    device: str,
    train: Train,
    world: World = ALONE,
    losses: Losses = packed_losses,
) -> float:
    """The mean cross-entropy of the supervised tokens, weighted as in training, in nats."""
    model.eval()
    with torch.no_grad():
        total = sum(float(loss) for loss in losses(model, samples, train, device, world))
    return world.summed(total, device) / weight_of(samples, train.call_weight)


def accumulate_gradients(
    model: Any,
    batch: Sequence[Sample],
    train: Train,
    device: str,
    world: World = ALONE,
    losses: Losses = packed_losses,
) -> float:
    """Add this process's share of the batch's gradients to the parameters and give its part of the mean loss.

    Every row is divided by the whole batch's token weight, so how the batch is packed and shared out changes nothing.
    """
    total, weight = 0.0, weight_of(batch, train.call_weight)
    for whole in losses(model, batch, train, device, world):
        loss = whole / weight
        loss.backward()
        total += float(loss.detach())
    return total


def _measurement(
    done: tuple[int, int, float, float | None, float],
    batch: Sequence[Sample],
    seconds: float,
    norm: float,
    memory_bytes: int,
) -> Measurement:
    """`done`: the step, how many there are, the two losses and the learning rate."""
    step, steps, loss, eval_loss, rate = done
    return Measurement(
        step=step,
        steps=steps,
        loss=loss,
        eval_loss=eval_loss,
        learning_rate=rate,
        tokens=sum(len(sample.ids) for sample in batch),
        supervised=sum(sample.supervised for sample in batch),
        seconds=seconds,
        gradient_norm=norm,
        memory_bytes=memory_bytes,
    )


def _own_groups(samples: Sequence[Sample], train: Train, world: World) -> Iterator[list[Sample]]:
    """The samples of this process's rows, packed no fuller than it takes for every process to have some."""
    lengths = lengths_of(samples)
    capacity = min(train.row_tokens, -(-sum(lengths) // world.size))
    for numbers in world.share_of(packed(lengths, capacity)):
        yield [samples[number] for number in numbers]


def _is_checkpoint(progress: Progress, steps: int, train: Train) -> bool:
    """Every so many steps, at the end, and wherever the best adapter is, so that it outlives what comes after."""
    is_best = progress.best_step == progress.step
    is_last = progress.stopped_early or progress.step == steps
    return is_best or is_last or progress.step % train.checkpoint_every == 0


def _gradients(
    model: Any,
    parameters: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    batch: Sequence[Sample],
    train: Train,
    device: str,
    world: World,
    losses: Losses,
) -> tuple[float, float]:
    """Put the batch's gradients into the parameters; gives its loss and their norm before it was limited."""
    model.train()
    optimizer.zero_grad(set_to_none=True)
    loss = world.summed(accumulate_gradients(model, batch, train, device, world, losses), device)
    world.sum_gradients(parameters.values())
    norm = torch.nn.utils.clip_grad_norm_(parameters.values(), train.clip_norm)
    return loss, float(norm)


def _step(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()


def _note_eval(
    progress: Progress,
    eval_loss: float,
    parameters: dict[str, torch.nn.Parameter],
    best: dict[str, torch.Tensor],
    patience: int,
) -> dict[str, torch.Tensor]:
    """Keep the adapter when the eval loss is the lowest yet; count towards early stopping when not."""
    if progress.best_eval is None or eval_loss < progress.best_eval:
        progress.best_eval, progress.best_step, progress.evals_without_gain = eval_loss, progress.step, 0
        return {name: p.detach().cpu().clone() for name, p in parameters.items()}
    progress.evals_without_gain += 1
    progress.stopped_early = progress.evals_without_gain >= patience
    return best
