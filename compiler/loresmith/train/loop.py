"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from loresmith.dataset.sample_file import lengths_of
from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train.batches import batch_of, steps_per_epoch
from loresmith.train.checkpoint import Progress, newest_checkpoint, restore, save_checkpoint
from loresmith.train.loss import supervised_loss
from loresmith.train.memory import held_memory_bytes
from loresmith.train.model import adapter_parameters
from loresmith.train.rows import packed, row_of, weight_of
from loresmith.train.sampled_softmax import Candidates, SampledSoftmax
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
    model: Any,
    samples: Sequence[Sample],
    train: Train,
    device: str,
    world: World,
    candidates: Candidates | None = None,
) -> Iterator[torch.Tensor]:
    """The losses row by row, each packed with samples that see only themselves; with `candidates` their softmax is
    over them alone."""
    for group in _own_groups(samples, train, world):
        yield supervised_loss(model, row_of(group, device, train.call_weight), candidates)


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
    setting = _Setting(model, held_out, train, device, world, losses)
    run = _begun(setting, samples, folder)
    while run.progress.step < run.steps and not run.progress.stopped_early:
        measurement = run.next_step(samples)
        if not world.is_main:
            continue
        on_step(measurement)
        if _is_checkpoint(run.progress, run.steps, train):
            save_checkpoint(folder, run.parameters, run.best, run.optimizer, run.progress)
    return Outcome(run.progress, run.best, run.steps)


@dataclass(frozen=True)
class _Setting:
    """What stays the same throughout a run."""

    model: Any
    held_out: Sequence[Sample]
    train: Train
    device: str
    world: World
    losses: Losses


def _begun(setting: _Setting, samples: Sequence[Sample], folder: Path) -> _Run:
    """The run at its beginning, or at its newest checkpoint."""
    train, world = setting.train, setting.world
    parameters = adapter_parameters(setting.model)
    optimizer = torch.optim.AdamW(
        parameters.values(), lr=train.learning_rate, weight_decay=train.weight_decay
    )
    world.begin_as_main(parameters.values())
    content = world.said_by_main(newest_checkpoint(folder) if world.is_main else None)
    progress, best = restore(content, parameters, optimizer) if content else (Progress(), {})
    steps = total_steps(len(samples), train)
    return _Run(setting, parameters, optimizer, progress, best, steps, _softmax(setting, samples))


def _softmax(setting: _Setting, samples: Sequence[Sample]) -> SampledSoftmax | None:
    """What draws each step's tokens, where the recipe asks for it."""
    train = setting.train
    if train.sampled_softmax is None:
        return None
    vocabulary = setting.model.get_output_embeddings().weight.shape[0]
    return SampledSoftmax(samples, vocabulary, train.sampled_softmax, train.seed)


@dataclass
class _Run:
    """A run on its way: `best` is the adapter with the lowest eval loss so far."""

    setting: _Setting
    parameters: dict[str, torch.nn.Parameter]
    optimizer: torch.optim.Optimizer
    progress: Progress
    best: dict[str, torch.Tensor]
    steps: int
    softmax: SampledSoftmax | None

    def next_step(self, samples: Sequence[Sample]) -> Measurement:
        """One step, with an evaluation where one is due. Raises Rejected on NaN and on divergence."""
        started, progress, train = time.monotonic(), self.progress, self.setting.train
        rate = learning_rate_at(progress.step, self.steps, train)
        batch = batch_of(samples, train.batch_size, train.seed, progress.step)
        loss, norm = self._gradients(batch)
        require_sane_step(loss, norm, progress, train)
        self._move(rate)
        seconds = time.monotonic() - started
        progress.step += 1
        eval_loss = self._evaluation() if self._evaluates() else None
        progress.history.append({"step": progress.step, "loss": loss, "eval_loss": eval_loss})
        return Measurement(
            step=progress.step,
            steps=self.steps,
            loss=loss,
            eval_loss=eval_loss,
            learning_rate=rate,
            tokens=sum(len(sample.ids) for sample in batch),
            supervised=sum(sample.supervised for sample in batch),
            seconds=seconds,
            gradient_norm=norm,
            memory_bytes=held_memory_bytes(self.setting.device),
        )

    def _gradients(self, batch: Sequence[Sample]) -> tuple[float, float]:
        """Put the batch's gradients into the parameters; gives its loss and their norm before it was limited."""
        model, train, device = self.setting.model, self.setting.train, self.setting.device
        world, losses = self.setting.world, self._step_losses()
        model.train()
        self.optimizer.zero_grad(set_to_none=True)
        loss = world.summed(accumulate_gradients(model, batch, train, device, world, losses), device)
        world.sum_gradients(self.parameters.values())
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), train.clip_norm)
        return loss, float(norm)

    def _step_losses(self) -> Losses:
        """The losses that this step's gradients are of."""
        if self.softmax is None:
            return self.setting.losses
        candidates = self.softmax.of_step(self.progress.step, self.setting.device)
        return partial(packed_losses, candidates=candidates)

    def _move(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()

    def _evaluates(self) -> bool:
        return self.progress.step % self.setting.train.eval_every == 0 or self.progress.step == self.steps

    def _evaluation(self) -> float:
        """The eval loss; the adapter is kept when it is the lowest yet, and counts towards early stopping when not."""
        setting, progress = self.setting, self.progress
        loss = mean_loss(
            setting.model, setting.held_out, setting.device, setting.train, setting.world, setting.losses
        )
        require_sane_eval(loss, progress, setting.train)
        if progress.best_eval is None or loss < progress.best_eval:
            progress.best_eval, progress.best_step, progress.evals_without_gain = loss, progress.step, 0
            self.best = {name: p.detach().cpu().clone() for name, p in self.parameters.items()}
        else:
            progress.evals_without_gain += 1
            progress.stopped_early = progress.evals_without_gain >= setting.train.patience
        return loss


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
