"""The commands and their options; each one's work is in its own module."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import loresmith
from loresmith.commands.data_application import data_application
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

RecipeName = Annotated[
    str | None,
    typer.Argument(
        metavar="[RECIPE]",
        help="A recipe's name or file; default: the largest of Gemma that this machine can run.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only the result.")]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]

Split = Annotated[str | None, typer.Option(help="eval or test; default: test.", show_default=False)]
Scenarios = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Ask about these scenarios, not the project's own; a folder or a file."
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many scenarios.")]
Grammar = Annotated[
    bool, typer.Option("--grammar", help="Allow only calls of the vocabulary, by the grammar.")
]


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


@application.command(name="eval")
def evaluate(
    recipe: RecipeName = None,
    model: Annotated[
        str | None,
        typer.Option(help="A .gguf file, or a model's name or name/version; default: the recipe's newest."),
    ] = None,
    split: Split = None,
    scenarios: Scenarios = None,
    limit: Limit = None,
    grammar: Grammar = False,
    free_play: Annotated[
        bool,
        typer.Option("--free-play", help="Let it go on from its own words; the engine answers its calls."),
    ] = False,
    fidelity: Annotated[
        bool,
        typer.Option("--fidelity", help="Score the reference after true results and after opposite ones."),
    ] = False,
    seed: Annotated[int, typer.Option(help="The dice of free play.")] = 1,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also write report.html and report.json into this folder."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Judge a model file's calls on scenarios that it wasn't trained on.

    Example: loresmith eval gemma3-270m --split test
    """
    from loresmith.commands.evaluate import evaluate_model
    from loresmith.commands.questions import questions_of
    from loresmith.diagnostics.failure import InvalidCall

    if free_play and fidelity:
        raise InvalidCall("--free-play and --fidelity are two ways of judging.", remedy="Give one at a time.")
    questions = questions_of(split, scenarios, limit, constrained=grammar)
    way = "free play" if free_play else "fidelity" if fidelity else "true history"
    return evaluate_model(recipe, Path.cwd(), model, questions, way, seed, report, as_json=as_json)


@application.command()
def bench(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL…", help=".gguf files, or models' names or name/version.")
    ],
    recipe: Annotated[
        str | None, typer.Option(help="The recipe whose base and scenarios are used; default: as for train.")
    ] = None,
    split: Split = None,
    scenarios: Scenarios = None,
    limit: Limit = None,
    grammar: Grammar = False,
    as_json: Json = False,
) -> int:
    """Judge model files side by side, with the untouched base and the base shown examples.

    Example: loresmith bench gemma3-270m/v1 gemma3-270m/v2
    """
    from loresmith.commands.bench import bench_models
    from loresmith.commands.questions import questions_of

    questions = questions_of(split, scenarios, limit, constrained=grammar)
    return bench_models(models, Path.cwd(), recipe, questions, as_json=as_json)


@application.command()
def play(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]", help="A .gguf file, or a model's name or name/version; default: the newest."
        ),
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="A scenario file to begin with; default: one that wasn't trained on.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Makes dice and answers repeatable.")] = None,
    dc: Annotated[int | None, typer.Option(help="The DC or AC that every check is held against.")] = None,
    greedy: Annotated[bool, typer.Option("--greedy", help="Take the likeliest token every time.")] = False,
    context: Annotated[int, typer.Option(help="The context in tokens, as the app sets it.")] = 2048,
) -> int:
    """Play with a model in the terminal: it tells, its calls are carried out.

    Example: loresmith play gemma3-270m --dc 13
    """
    from loresmith.commands.play import play_with

    return play_with(model, Path.cwd(), scenario, seed=seed, difficulty=dc, greedy=greedy, context=context)


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
