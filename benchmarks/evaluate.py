"""Measures the evaluation: `python benchmarks/evaluate.py --project FOLDER [--replies N] [--write] [MODEL…]`.

FOLDER is a project; a MODEL is a .gguf file or what `loresmith eval --model` takes, and without one the untouched base
of the recipe is measured, which is built first. Each model answers whole scenarios of the test split, at
least N replies, without the grammar, again to see that the scores are the same, and with the grammar; the references
are scored each time. Times are wall clock from the start of the model's process to its end, its loading included.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil
from loresmith.commands.bench import model_files
from loresmith.commands.questions import Questions
from loresmith.commands.watchers import watcher_for
from loresmith.pipeline.back_stages import MODEL
from loresmith.pipeline.build import build_stage
from loresmith.pipeline.project import Project
from loresmith.recipe.load import find_recipe, load_recipe
from loresmith.validate.answers import Prompt
from loresmith.validate.evaluate import Evaluated, evaluate
from loresmith.validate.text import percent
from page import put_table

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- evaluate: written by benchmarks/evaluate.py -->\n", "<!-- end of evaluate -->\n"
HEAD = (
    "| model | what | replies | seconds | seconds per 100 replies | answer tokens | answer tokens/s | "
    "prompt tokens/s | parse rate | exact call | false calls | same scores again |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Measured:
    """An evaluation and how many seconds it took."""

    evaluated: Evaluated
    seconds: float


def main() -> None:
    """Measure each model and print the table; `--write` puts it into the README."""
    asked = _arguments()
    root = asked.project.resolve()
    project = Project(root, load_recipe(find_recipe(asked.recipe, root)))
    prompts = _prompts(project, asked.replies)
    models = model_files(asked.models, project.models) or _base(project)
    rows = [row for name, file in models.items() for row in _rows(name, file, project, prompts)]
    table = "\n".join([_machine(project), "", *HEAD, *rows, ""])
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--recipe", default="gemma3-270m")
    parser.add_argument("--replies", type=int, default=100)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    return parser.parse_args()


def _prompts(project: Project, least: int) -> list[Prompt]:
    """The prompts of the fewest scenarios of the test split, as `eval --limit` takes them, that have so many."""
    every = len(Questions("test").scenarios(project))
    for limit in range(1, every + 1):
        prompts = Questions("test", limit).prompts(project)
        if len(prompts) >= least:
            return prompts
    return Questions("test").prompts(project)


def _base(project: Project) -> dict[str, Path]:
    with watcher_for(sys.stderr, quiet=False) as watcher:
        built = build_stage(project, "base-quantize", watcher)
    return {f"untouched base, {project.recipe.outputs[0].quantize}": built.folder / MODEL}


def _rows(name: str, file: Path, project: Project, prompts: Sequence[Prompt]) -> list[str]:
    free, again, held = (_measured(name, file, project, prompts, constrained=c) for c in (False, False, True))
    same = "yes" if free.evaluated.judgements == again.evaluated.judgements else "no"
    return [_row(name, "no grammar", free, same), _row(name, "with the grammar", held, "")]


def _measured(
    name: str, file: Path, project: Project, prompts: Sequence[Prompt], *, constrained: bool
) -> Measured:
    started = time.monotonic()
    evaluated = evaluate(
        name, file, prompts, project.vocabulary, project.recipe.validate_.max_new_tokens, 0, lambda _done: None,
        constrained=constrained,
    )  # fmt: skip
    return Measured(evaluated, time.monotonic() - started)


def _row(name: str, what: str, measured: Measured, same: str) -> str:
    scores, speed = measured.evaluated.scores, measured.evaluated.speed
    cells = (
        name, what, str(scores.replies), f"{measured.seconds:.0f}", f"{measured.seconds * 100 / scores.replies:.0f}",
        f"{speed.tokens:,}", f"{speed.tokens_per_second:.0f}", f"{speed.prompt_tokens_per_second:.0f}",
        percent(scores.parsed), percent(scores.exact), percent(scores.false_call), same,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _machine(project: Project) -> str:
    named = ("llama-cpp-python", "numpy")
    versions = [
        f"Python {platform.python_version()}",
        *(f"{name} {metadata.version(name)}" for name in named),
    ]
    return (
        f"{platform.machine()}, {psutil.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; "
        f"{'; '.join(versions)}; at most {project.recipe.validate_.max_new_tokens} tokens an answer"
    )


if __name__ == "__main__":
    main()
