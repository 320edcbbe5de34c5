"""`loresmith doctor`."""

from __future__ import annotations

import json
from pathlib import Path

from loresmith.diagnostics.failure import ENVIRONMENT
from loresmith.environment.doctor import Verdict, examine_machine

_MARKS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "error": "[red]✗[/red]"}


def show_verdicts(root: Path, *, as_json: bool) -> int:
    """Print a verdict for everything a build needs; gives 3 when something is missing, else 0."""
    verdicts = examine_machine(root)
    if as_json:
        print(json.dumps([verdict.model_dump() for verdict in verdicts], indent=2))
    else:
        _print_table(verdicts)
    return ENVIRONMENT if any(verdict.status == "error" for verdict in verdicts) else 0


def _print_table(verdicts: list[Verdict]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for verdict in verdicts:
        table.add_row(_MARKS[verdict.status], escape(verdict.name), escape(verdict.detail))
        if verdict.remedy:
            table.add_row("", "", f"[dim]{escape(verdict.remedy)}[/dim]")
    Console(emoji=False).print(table)
