"""The commands that ask a model, `eval`, `bench` and `play`, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loresmith.commands.options import Json, RecipeName
from loresmith.generate.app import APP_CONTEXT

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
    seed: Annotated[
        int | None, typer.Option(help="The dice of free play; default: 1.", show_default=False)
    ] = None,
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
    context: Annotated[int, typer.Option(help="The context in tokens, as the app sets it.")] = APP_CONTEXT,
) -> int:
    """Play with a model in the terminal: it tells, its calls are carried out.

    Example: loresmith play gemma3-270m --dc 13
    """
    from loresmith.commands.play import play_with

    return play_with(model, Path.cwd(), scenario, seed=seed, difficulty=dc, greedy=greedy, context=context)
