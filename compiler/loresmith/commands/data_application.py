"""The commands below `loresmith data` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loresmith.commands.options import Json

data_application = typer.Typer(
    help="The scenarios as a whole: count them, clean them, keep and compare their versions.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)

Paths = Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: ai-training/scenarios.")]


@data_application.command()
def stats(
    paths: Paths = None,
    plot: Annotated[Path | None, typer.Option(help="Draw them into this PNG file.")] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="PAGE", help="Put them as a table into this Markdown page.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Count scenarios, replies and calls, and measure their lengths.

    Example: loresmith data stats --plot scenarios.png
    """
    from loresmith.commands.data import show_statistics

    return show_statistics(paths or [], Path.cwd(), plot, table, as_json=as_json)


@data_application.command()
def clean(
    paths: Paths = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; 1 when a file would change.")
    ] = False,
) -> int:
    """Write scenarios with one kind of quotation marks and spaces, nothing invisible, in the canonical form.

    Example: loresmith data clean --check
    """
    from loresmith.commands.data import clean_scenarios

    return clean_scenarios(paths or [], Path.cwd(), check=check)


@data_application.command()
def snapshot() -> int:
    """Keep which scenario files there are now, with their hashes and counts.

    Example: loresmith data snapshot
    """
    from loresmith.commands.data import keep_snapshot

    return keep_snapshot(Path.cwd())


@data_application.command()
def diff(
    first: Annotated[int | None, typer.Argument(help="A snapshot; default: the last.")] = None,
    second: Annotated[int | None, typer.Argument(help="Another; default: the scenarios now.")] = None,
    as_json: Json = False,
) -> int:
    """Show what changed from one snapshot to another, or to now.

    Example: loresmith data diff 1 2
    """
    from loresmith.commands.data import show_change

    return show_change(first, second, Path.cwd(), as_json=as_json)
