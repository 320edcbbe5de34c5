"""When a run can't come to anything: losses and gradients that aren't numbers, and divergence."""

from __future__ import annotations

import math

from loresmith.diagnostics.failure import Rejected
from loresmith.recipe.train import Train
from loresmith.train.checkpoint import Progress

DIVERGED = 3.0
"""A loss this many nats above the first one isn't coming back."""


def require_sane_step(loss: float, gradient_norm: float, progress: Progress, train: Train) -> None:
    """Raise Rejected, with the cause, before a step's gradients go into the adapter.

    The checkpoints hold the adapter as it was before, and the best one so far.
    """
    step = progress.step + 1
    if progress.first_loss is None:
        _require_sane_beginning(loss, train)
        progress.first_loss = loss
    if not math.isfinite(loss):
        raise Rejected(f"The loss became {loss} in step {step}.", remedy=_calmer(progress, train))
    if not math.isfinite(gradient_norm):
        raise Rejected(
            f"The gradient became {gradient_norm} in step {step}, at a loss of {loss:.2f}.",
            remedy=_calmer(progress, train),
        )
    if loss > progress.first_loss + DIVERGED:
        raise Rejected(
            f"Training diverged: the loss rose from {progress.first_loss:.2f} to {loss:.2f} in step {step}.",
            remedy=_calmer(progress, train),
        )


def require_sane_eval(eval_loss: float, progress: Progress, train: Train) -> None:
    """Raise Rejected when an eval loss isn't a number."""
    if not math.isfinite(eval_loss):
        raise Rejected(
            f"The eval loss became {eval_loss} after step {progress.step}.", remedy=_calmer(progress, train)
        )


def _require_sane_beginning(loss: float, train: Train) -> None:
    """No learning rate has done anything yet: the cause is what the run began with."""
    if not math.isfinite(loss):
        raise Rejected(
            f"The loss is {loss} in the first step, before anything was learned: the base's weights hold values "
            "that aren't numbers, or its activations overflow.",
            remedy="Fetch the base model again."
            if train.precision == "fp32"
            else f"Set train.precision to fp32 (now {train.precision}); if that doesn't help, fetch the base again.",
        )


def _calmer(progress: Progress, train: Train) -> str:
    advice = f"Lower train.learning_rate (now {train.learning_rate:g}) or raise train.warmup."
    if progress.best_eval is None:
        return advice
    best = f"eval loss {progress.best_eval:.3f}, step {progress.best_step}"
    return f"{advice} The checkpoints keep the best adapter so far ({best})."
