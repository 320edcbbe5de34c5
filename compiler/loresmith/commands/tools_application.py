"""The commands below `loresmith tools` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loresmith.commands.options import Json

tools_application = typer.Typer(
    help="The tools that a DM can call: list them, check your own, emit them for others, discover new ones.",
    add_completion=False,
    rich_markup_mode=None,
)


@tools_application.callback(invoke_without_command=True)
def tools(context: typer.Context, as_json: Json = False) -> int:
    """The tools that a DM can call: without a command, list them.

    Example: loresmith tools
    """
    from loresmith.commands.tools import list_tools

    return list_tools(Path.cwd(), as_json=as_json) if context.invoked_subcommand is None else 0


@tools_application.command(name="list")
def list_(as_json: Json = False) -> int:
    """List the tools: the shipped ones and the project's own.

    Example: loresmith tools list --json
    """
    from loresmith.commands.tools import list_tools

    return list_tools(Path.cwd(), as_json=as_json)


@tools_application.command()
def check(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Default: ai-training/tools.yaml.")
    ] = None,
) -> int:
    """Check a tools.yaml: its form, its names, its lists, its examples.

    Example: loresmith tools check
    """
    from loresmith.commands.tools import check_tools

    return check_tools(path, Path.cwd())


@tools_application.command()
def emit(
    kind: Annotated[str, typer.Argument(help="gbnf, json-schema or typescript.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; default: the screen.")
    ] = None,
    party: Annotated[str, typer.Option(help="The party's names, by comma: nobody else may be named.")] = "",
    creatures: Annotated[str, typer.Option(help="With --party: who else may be named, by comma.")] = "",
) -> int:
    """Write the tools as a decoding grammar, a JSON Schema of calls, or a TypeScript module.

    Example: loresmith tools emit gbnf --output tools.gbnf
    """
    from loresmith.commands.tools import emit_tools

    return emit_tools(kind, output, party, creatures, Path.cwd())


@tools_application.command()
def discover(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; default: ai-training/scenarios.")
    ] = None,
) -> int:
    """Propose entries for the calls in scenarios that no entry declares.

    Example: loresmith tools discover ai-training/scenarios
    """
    from loresmith.commands.tools import discover_tools

    return discover_tools(paths or [], Path.cwd())
