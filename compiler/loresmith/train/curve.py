"""The loss curve as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

WINDOWS = 50
"""A mean is of so great a part of the steps."""


def draw_loss_curve(history: Sequence[dict[str, Any]], best_step: int, destination: Path) -> None:
    """Draw training loss and eval loss over the steps, the kept step marked, as a PNG; of a long training also the mean
    of its latest steps: of one scenario alone the loss says little."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.2, 4.0), layout="constrained")
    steps, losses = [h["step"] for h in history], [h["loss"] for h in history]
    window = len(history) // WINDOWS
    axes.plot(steps, losses, color="#d3d9e0" if window > 1 else "#9aa5b1", label="train")
    if window > 1:
        means = [sum(losses[n : n + window]) / window for n in range(len(losses) - window + 1)]
        axes.plot(steps[window - 1 :], means, color="#5b6876", label=f"train, mean of {window} steps")
    evals = [(h["step"], h["eval_loss"]) for h in history if h["eval_loss"] is not None]
    axes.plot(*zip(*evals, strict=True), color="#1f5fa8", marker="o", markersize=3, label="eval")
    axes.axvline(best_step, color="#1f5fa8", linestyle=":", linewidth=1, label=f"kept (step {best_step})")
    axes.set(xlabel="step", ylabel="loss (nats per supervised token)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    # Without these two the file would carry the library's version and the time.
    figure.savefig(destination, dpi=120, metadata={"Software": None, "Creation Time": None})
    pyplot.close(figure)
