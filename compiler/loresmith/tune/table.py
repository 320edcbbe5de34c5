"""The trials as a table, the best first."""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.tune.search import Tried

_ORDER = {"done": 0, "stopped": 1, "running": 2}


def ranked(tried: Sequence[Tried]) -> list[Tried]:
    """The trials that ran to the end by their loss, then the stopped ones by the last loss that they had."""
    return sorted(tried, key=lambda t: (_ORDER[t.state], t.loss is None, t.loss or 0.0, t.number))


def print_table(tried: Sequence[Tried]) -> None:
    """Print the trials to standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    names = sorted({name for trial in tried for name in trial.values})
    for heading in ("trial", "eval loss", *names, "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("ending")
    for trial in ranked(tried):
        table.add_row(*_row(trial, names))
    console = Console(markup=False, emoji=False)
    # A file or a pipe has no width of its own: rich would break the lines at 80.
    console.print(table, width=None if console.is_terminal else 160)


def _row(trial: Tried, names: Sequence[str]) -> list[str]:
    loss = "" if trial.loss is None else f"{trial.loss:.4f}"
    values = [f"{trial.values[name]:.4g}" if name in trial.values else "" for name in names]
    ending = f"stopped: {trial.cause}" if trial.state == "stopped" else trial.state
    return [str(trial.number + 1), loss, *values, f"{trial.seconds:.0f}", ending]
