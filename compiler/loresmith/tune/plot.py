"""The trials as a picture: the search as it went, and the loss against each setting."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import Any

from loresmith.tune.search import Searched, Tried

DONE, STOPPED = "#1f5fa8", "#c3c9d1"


def draw_search(searched: Searched, log_scaled: frozenset[str], destination: Path) -> None:
    """Draw the history and one panel for each setting, as a PNG; settings in `log_scaled` on a logarithmic axis."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    tried = [trial for trial in searched.tried if trial.loss is not None]
    names = sorted({name for trial in tried for name in trial.values})
    figure, panels = pyplot.subplots(
        1,
        len(names) + 1,
        figsize=(3.4 * (len(names) + 1), 3.4),
        layout="constrained",
        sharey=True,
        squeeze=False,
    )
    _history(panels[0][0], tried)
    for axes, name in zip(panels[0][1:], names, strict=True):
        _scatter(axes, tried, name)
        axes.set_xscale("log" if name in log_scaled else "linear")
    _hide_outliers(panels[0][0], tried)
    # Without these two the file would carry the library's version and the time.
    figure.savefig(destination, dpi=120, metadata={"Software": None, "Creation Time": None})
    pyplot.close(figure)


def _hide_outliers(axes: Any, tried: list[Tried]) -> None:
    """End the loss axis a little above the finished trials: a diverged one would press them into a line."""
    done = [float(trial.loss or 0.0) for trial in tried if trial.state == "done"]
    if done and max(done) > min(done):
        margin = (max(done) - min(done)) * 0.2
        axes.set_ylim(min(done) - margin, max(done) + margin)


def _history(axes: Any, tried: list[Tried]) -> None:
    """The trials in their order, and the least loss so far as a line."""
    _points(axes, tried, [trial.number + 1 for trial in tried])
    done = [(trial.number + 1, float(trial.loss or 0.0)) for trial in tried if trial.state == "done"]
    if done:
        best = accumulate((loss for _, loss in done), min)
        axes.step([number for number, _ in done], list(best), where="post", color=DONE, linewidth=1)
    axes.set(xlabel="trial", ylabel="eval loss (nats per supervised token)")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)


def _scatter(axes: Any, tried: list[Tried], name: str) -> None:
    _points(axes, tried, [trial.values[name] for trial in tried])
    axes.set(xlabel=name)


def _points(axes: Any, tried: list[Tried], places: list[Any]) -> None:
    for state, colour in (("stopped", STOPPED), ("done", DONE)):
        chosen = [(x, trial.loss) for x, trial in zip(places, tried, strict=True) if trial.state == state]
        if chosen:
            axes.scatter([x for x, _ in chosen], [y for _, y in chosen], color=colour, s=18, label=state)
    axes.spines[["top", "right"]].set_visible(False)
