"""The commands and their options; each one's work is in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import loresmith
from loresmith.commands.data_application import data_application
from loresmith.commands.judging_application import bench, evaluate, play
from loresmith.commands.options import Json, Quiet, RecipeName
from loresmith.commands.tools_application import tools_application

application = typer.Typer(
    name="loresmith",
    help="Compiles tabletop scenarios in Markdown to on-device language models.\n\n"
    "Every command takes --verbose, which shows the traceback of a failure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"loresmith {loresmith.__version__}")
        raise typer.Exit


@application.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """What holds for all commands."""


@application.command()
def train(
    recipe: RecipeName = None,
    quiet: Quiet = False,
    as_json: Json = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also log to TensorBoard.")] = False,
    wandb: Annotated[bool, typer.Option("--wandb", help="Also log to Weights & Biases.")] = False,
    accelerate: Annotated[
        Path | None,
        typer.Option(metavar="CONFIG", help="Train in the processes of this configuration of accelerate."),
    ] = None,
) -> int:
    """Build a recipe: from scenarios to a model file that the app loads.

    Example: loresmith train gemma3-270m
    """
    from loresmith.commands.train import train_recipe

    trackers = [name for name, asked in (("tensorboard", tensorboard), ("wandb", wandb)) if asked]
    return train_recipe(
        recipe, Path.cwd(), quiet=quiet, as_json=as_json, trackers=trackers, accelerate=accelerate
    )


@application.command()
def tune(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name or file.")],
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Search the ranges of the recipe's tune section, and write the best settings as a recipe.

    Example: loresmith tune my-recipe
    """
    from loresmith.commands.tune import tune_recipe

    return tune_recipe(recipe, Path.cwd(), quiet=quiet, as_json=as_json)


@application.command()
def plan(recipe: RecipeName = None, as_json: Json = False) -> int:
    """Show what a build would run, what is already built, and the predicted size and time.

    Example: loresmith plan gemma3-270m
    """
    from loresmith.commands.plan import show_plan

    return show_plan(recipe, Path.cwd(), as_json=as_json)


@application.command()
def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; default: ai-training/scenarios.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="text, json, sarif or github.")] = "text",
    fix: Annotated[bool, typer.Option("--fix", help="Write the safe fixes first: sums, spellings.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    select: Annotated[str, typer.Option(help="Only these codes, by comma; a prefix will do (SC3).")] = "",
    ignore: Annotated[str, typer.Option(help="Not these codes, by comma.")] = "",
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Also find scenarios longer than this recipe's context (SC504), and replies by its limit (SC505)."
        ),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Check every file anew, and keep nothing.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Check scenarios without building anything.

    Example: loresmith lint ai-training/scenarios --strict
    """
    from loresmith.commands.lint import LintOptions, lint_paths

    options = LintOptions(
        "json" if as_json else output, strict, select, ignore, fix, not no_cache, recipe, quiet
    )
    return lint_paths(paths or [], Path.cwd(), options)


@application.command()
def explain(
    code: Annotated[
        str | None,
        typer.Argument(help="A code such as SC401, or its beginning, such as SC4; default: the list of all."),
    ] = None,
) -> int:
    """Show what a finding means, why it matters and what to do.

    Example: loresmith explain SC401
    """
    from loresmith.commands.explain import explain_code

    return explain_code(code)


@application.command(name="fmt")
def format_scenarios(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files or folders, or - for standard input; default: ai-training/scenarios."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; 1 when a file would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
    quiet: Quiet = False,
) -> int:
    """Write scenarios in the canonical form; what they mean and their comments stay.

    Example: loresmith fmt --diff
    """
    from loresmith.commands.format import format_paths

    return format_paths(paths or [], Path.cwd(), check=check, diff=diff, quiet=quiet)


application.command(name="eval")(evaluate)
application.command()(bench)
application.command()(play)


@application.command()
def export(
    name: Annotated[str, typer.Argument(help="The model's name.")],
    destination: Annotated[Path, typer.Argument(help="The folder to copy the model file to.")],
    version: Annotated[str | None, typer.Option(help="A version; default: the newest.")] = None,
) -> int:
    """Copy a delivered model file to a folder, verified, and print the app's configuration for it.

    Example: loresmith export gemma3-270m ../app/assets
    """
    from loresmith.commands.export import export_model

    return export_model(name, destination, version, Path.cwd())


@application.command()
def models(as_json: Json = False) -> int:
    """List the delivered models and their versions.

    Example: loresmith models
    """
    from loresmith.commands.models import list_models

    return list_models(Path.cwd(), as_json=as_json)


@application.command()
def doctor(as_json: Json = False) -> int:
    """Examine this machine: dependencies, accelerator, memory, disk, the hub.

    Example: loresmith doctor
    """
    from loresmith.commands.doctor import show_verdicts

    return show_verdicts(Path.cwd(), as_json=as_json)


@application.command()
def init(folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path()) -> int:
    """Begin a project: the folders and two scenarios to change, one to train on and one to judge with.

    Example: loresmith init my-campaign
    """
    from loresmith.commands.init import begin_project

    return begin_project(folder)


@application.command()
def schema(what: Annotated[str, typer.Argument(help="recipe or tools")] = "recipe") -> int:
    """Print the JSON Schema that editors use to check recipes or a tools.yaml.

    Example: loresmith schema tools > tools.schema.json
    """
    from loresmith.commands.schema import print_schema

    return print_schema(what)


@application.command()
def lsp() -> int:
    """Serve an editor: findings while you type, hover, completion, code actions.

    Example: loresmith lsp (your editor starts it; docs/editors.md)
    """
    from loresmith.commands.lsp import serve_editor

    return serve_editor()


application.add_typer(tools_application, name="tools")
application.add_typer(data_application, name="data")
