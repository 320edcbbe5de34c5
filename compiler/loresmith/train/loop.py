"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from loresmith.diagnostics.failure import Rejected
from loresmith.recipe.schema import Train
from loresmith.render.tokens import Sample
from loresmith.train.batches import batch_of, steps_per_epoch
from loresmith.train.checkpoint import Progress, load_checkpoint, save_checkpoint
from loresmith.train.loss import supervised_loss
from loresmith.train.model import adapter_parameters
from loresmith.train.rows import packed, row_of, weight_of

DIVERGED = 3.0
"""A loss this many nats above the first one isn't coming back."""


@dataclass(frozen=True)
class Measurement:
    """One step as the user sees it. Losses in nats a token, `seconds` for this step alone, evaluation left out."""

    step: int
    steps: int
    loss: float
    eval_loss: float | None
    learning_rate: float
    tokens: int
    supervised: int
    seconds: float


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


def run_training(
    model: Any,
    samples: Sequence[Sample],
    held_out: Sequence[Sample],
    train: Train,
    device: str,
    folder: Path,
    on_step: Callable[[Measurement], None],
) -> Outcome:
    """Train to the end, from the newest checkpoint in `folder` when there is one.

    Raises Rejected on NaN and on divergence; the checkpoints stay.
    """
    parameters = adapter_parameters(model)
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=train.learning_rate, weight_decay=train.weight_decay
    )
    resumed = load_checkpoint(folder, parameters, optimizer)
    progress, best = resumed or (Progress(), {})
    steps = total_steps(len(samples), train)
    while progress.step < steps and not progress.stopped_early:
        started = time.monotonic()
        rate = learning_rate_at(progress.step, steps, train)
        batch = batch_of(samples, train.batch_size, train.seed, progress.step)
        loss = _optimizer_step(model, parameters, optimizer, batch, train, rate, device)
        _require_sane(loss, progress, train)
        seconds = time.monotonic() - started
        progress.step += 1
        eval_loss = None
        if progress.step % train.eval_every == 0 or progress.step == steps:
            eval_loss = mean_loss(model, held_out, device, train)
            best = _note_eval(progress, eval_loss, parameters, best, train.patience)
        on_step(_measured(progress, steps, loss, eval_loss, rate, batch, seconds))
        if progress.step % train.checkpoint_every == 0 or progress.stopped_early or progress.step == steps:
            save_checkpoint(folder, parameters, best, optimizer, progress)
    return Outcome(progress, best, steps)


def mean_loss(model: Any, samples: Sequence[Sample], device: str, train: Train) -> float:
    """The mean cross-entropy of the supervised tokens, weighted as in training, in nats."""
    model.eval()
    with torch.no_grad():
        losses = [
            float(supervised_loss(model, row_of(group, device, train.call_weight)))
            for group in packed(samples, train.row_tokens)
        ]
    return sum(losses) / weight_of(samples, train.call_weight)


def accumulate_gradients(model: Any, batch: Sequence[Sample], train: Train, device: str) -> float:
    """Add the batch's gradients to the parameters and give its mean loss.

    Every row is divided by the whole batch's token weight, so how the batch is packed changes nothing.
    """
    total, weight = 0.0, weight_of(batch, train.call_weight)
    for group in packed(batch, train.row_tokens):
        loss = supervised_loss(model, row_of(group, device, train.call_weight)) / weight
        loss.backward()
        total += float(loss.detach())
    return total


def _optimizer_step(
    model: Any,
    parameters: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    batch: Sequence[Sample],
    train: Train,
    rate: float,
    device: str,
) -> float:
    model.train()
    optimizer.zero_grad(set_to_none=True)
    loss = accumulate_gradients(model, batch, train, device)
    torch.nn.utils.clip_grad_norm_(parameters.values(), train.clip_norm)
    for group in optimizer.param_groups:
        group["lr"] = rate
    if math.isfinite(loss):
        optimizer.step()
    return loss


def _require_sane(loss: float, progress: Progress, train: Train) -> None:
    if progress.first_loss is None and math.isfinite(loss):
        progress.first_loss = loss
    remedy = (
        f"Lower train.learning_rate (now {train.learning_rate:g}) or raise train.warmup. "
        "The checkpoints before this step are kept."
    )
    if not math.isfinite(loss):
        raise Rejected(f"The loss became {loss} in step {progress.step + 1}.", remedy=remedy)
    if loss > (progress.first_loss or loss) + DIVERGED:
        raise Rejected(
            f"Training diverged: the loss rose from {progress.first_loss:.2f} to {loss:.2f} "
            f"in step {progress.step + 1}.",
            remedy=remedy,
        )


def _note_eval(
    progress: Progress,
    eval_loss: float,
    parameters: dict[str, torch.nn.Parameter],
    best: dict[str, torch.Tensor],
    patience: int,
) -> dict[str, torch.Tensor]:
    """Keep the adapter when the eval loss is the lowest yet; count towards early stopping when not."""
    if not math.isfinite(eval_loss):
        raise Rejected(f"The eval loss became {eval_loss}.", remedy="Lower train.learning_rate.")
    if progress.best_eval is None or eval_loss < progress.best_eval:
        progress.best_eval, progress.best_step, progress.evals_without_gain = eval_loss, progress.step, 0
        return {name: p.detach().cpu().clone() for name, p in parameters.items()}
    progress.evals_without_gain += 1
    progress.stopped_early = progress.evals_without_gain >= patience
    return best


def _measured(
    progress: Progress,
    steps: int,
    loss: float,
    eval_loss: float | None,
    rate: float,
    batch: Sequence[Sample],
    seconds: float,
) -> Measurement:
    progress.history.append({"step": progress.step, "loss": loss, "eval_loss": eval_loss})
    return Measurement(
        step=progress.step,
        steps=steps,
        loss=loss,
        eval_loss=eval_loss,
        learning_rate=rate,
        tokens=sum(len(sample.ids) for sample in batch),
        supervised=sum(sample.supervised for sample in batch),
        seconds=seconds,
    )
