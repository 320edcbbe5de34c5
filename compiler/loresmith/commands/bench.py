"""`loresmith bench`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loresmith.commands.choice import chosen_project
from loresmith.commands.evaluate import content_of
from loresmith.commands.questions import Questions, ask, scenarios_of
from loresmith.commands.watchers import watcher_for
from loresmith.deliver.chosen import chosen_model_file
from loresmith.diagnostics.failure import InvalidCall
from loresmith.lower.conversation import lower_scenario
from loresmith.validate.ask import require_askable
from loresmith.validate.compare import Difference, compare, compare_counts
from loresmith.validate.evaluate import Evaluated
from loresmith.validate.few_shot import with_examples
from loresmith.validate.fidelity import KINDS
from loresmith.validate.metrics import METRICS
from loresmith.validate.text import percent, percent_within

BASE, FEW_SHOT = "untouched base", "base with examples"


def bench_models(
    models: Sequence[str], root: Path, recipe: str | None, questions: Questions, *, as_json: bool
) -> int:
    """Judge model files side by side on what is asked, with the untouched base and the base shown examples.

    Each is compared with the first. Gives exit code 0.
    """
    from loresmith.pipeline.back_stages import MODEL
    from loresmith.pipeline.build import build_stage

    project, _ = chosen_project(recipe, root)
    files = model_files(models, project.models)
    prompts = questions.prompts(project)
    for file in files.values():
        require_askable(file, prompts[0])
    trained = [lower_scenario(s, project.vocabulary) for s in scenarios_of(project) if s.split == "train"]
    with watcher_for(sys.stderr, quiet=as_json) as watcher:
        base = build_stage(project, "base-quantize", watcher).folder / MODEL
        judged = [ask(project, name, file, prompts, questions, watcher) for name, file in files.items()]
        judged.append(ask(project, BASE, base, prompts, questions, watcher))
        shown = with_examples(prompts, trained)
        judged.append(ask(project, FEW_SHOT, base, shown, questions, watcher))
    differences = {other.name: _differences(judged[0], other) for other in judged[1:]}
    if as_json:
        print(json.dumps(questions.content(project) | _content(judged, differences), indent=2))
    else:
        _print(judged, differences, questions.manner)
    return 0


def _print(judged: Sequence[Evaluated], differences: dict[str, list[Difference]], asked: str) -> None:
    # A model's name is a file's, not rich's markup.
    console = Console(markup=False, emoji=False)
    console.print(_table(judged, differences, asked))
    console.print(f"Each model's verdict is {judged[0].name} against it, paired by scenario, at 95%.")


def model_files(models: Sequence[str], delivered: Path) -> dict[str, Path]:
    """The model files by the name they are shown under: as many folders before it as tell them apart.

    Raises InvalidCall where a file is named twice, and as `chosen_model_file` does.
    """
    files = [chosen_model_file(model, delivered).absolute() for model in models]
    if len({file.resolve() for file in files}) < len(files):
        raise InvalidCall("One model is named twice.", remedy="Name each file once.")
    return {_shown_name(file, files): file for file in files}


def _shown_name(file: Path, files: Sequence[Path]) -> str:
    """The shortest end of a file's path that no other file's path has."""
    others = [other.parts for other in files if other != file]
    length = next(n for n in range(1, len(file.parts) + 1) if all(o[-n:] != file.parts[-n:] for o in others))
    return Path(*file.parts[-length:]).as_posix()


def _differences(first: Evaluated, other: Evaluated) -> list[Difference]:
    """The first model against another; a baseline's longer prompts have the same players and references."""
    told = [compare(first.judgements, other.judgements, metric) for metric in METRICS]
    return told + [
        compare_counts(kind, getattr(first.fidelity, kind).counts, getattr(other.fidelity, kind).counts)
        for kind in KINDS
    ]


def _content(judged: Sequence[Evaluated], differences: dict[str, list[Difference]]) -> dict[str, object]:
    return {
        "models": {one.name: content_of(one) for one in judged},
        "first_against": {name: [d.model_dump() for d in part] for name, part in differences.items()},
    }


def _rows(judged: Sequence[Evaluated]) -> Iterator[tuple[str, list[str]]]:
    """The shares that are compared, in the order of `_differences`: a label, and a cell for each model."""
    for metric in METRICS:
        shares = [(getattr(one.scores, metric.key), one.scores.intervals[metric.key]) for one in judged]
        yield metric.label, [percent_within(*share) for share in shares]
    for kind, label in KINDS.items():
        told = [getattr(one.fidelity, kind) for one in judged]
        yield label, [percent_within(followed.share, followed.interval) for followed in told]


def _table(judged: Sequence[Evaluated], differences: dict[str, list[Difference]], asked: str) -> Table:
    table = Table(title=f"{judged[0].scores.replies} replies of {asked}; 95% intervals")
    table.add_column("A reply…")
    for one in judged:
        table.add_column(one.name, justify="right", overflow="fold")
    for number, (label, cells) in enumerate(_rows(judged)):
        verdicts = [f"\n{differences[one.name][number].verdict}" for one in judged[1:]]
        others = (cell + verdict for cell, verdict in zip(cells[1:], verdicts, strict=True))
        table.add_row(label, cells[0], *others)
    table.add_row("different words", *(percent(one.scores.distinct_1) for one in judged))
    table.add_row("different pairs of words", *(percent(one.scores.distinct_2) for one in judged))
    table.add_row("perplexity of the reference", *(f"{one.fidelity.perplexity:.1f}" for one in judged))
    table.add_row("its bits a byte", *(f"{one.fidelity.bits_per_byte:.3f}" for one in judged))
    table.add_row("prompt tokens/s", *(f"{one.speed.prompt_tokens_per_second:.0f}" for one in judged))
    table.add_row("answer tokens/s", *(f"{one.speed.tokens_per_second:.0f}" for one in judged))
    table.add_row("memory (MB)", *(f"{one.speed.memory_bytes / 1e6:,.0f}" for one in judged))
    table.add_row("seconds to the first token", *(f"{one.speed.first_token_seconds:.2f}" for one in judged))
    return table
