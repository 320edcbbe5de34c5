"""The loss curve as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def draw_loss_curve(history: Sequence[dict[str, Any]], best_step: int, destination: Path) -> None:
    """Draw training loss and eval loss over the steps, the kept step marked, as a PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.2, 4.0), layout="constrained")
    axes.plot([h["step"] for h in history], [h["loss"] for h in history], color="#9aa5b1", label="train")
    evals = [(h["step"], h["eval_loss"]) for h in history if h["eval_loss"] is not None]
    axes.plot(*zip(*evals, strict=True), color="#1f5fa8", marker="o", markersize=3, label="eval")
    axes.axvline(best_step, color="#1f5fa8", linestyle=":", linewidth=1, label=f"kept (step {best_step})")
    axes.set(xlabel="step", ylabel="loss (nats per supervised token)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    # Without these two the file would carry the library's version and the time.
    figure.savefig(destination, dpi=120, metadata={"Software": None, "Creation Time": None})
    pyplot.close(figure)
