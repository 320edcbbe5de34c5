"""`loresmith bench`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loresmith.commands.choice import chosen_project
from loresmith.commands.questions import Questions, ask, scenarios_of
from loresmith.commands.watchers import watcher_for
from loresmith.deliver.chosen import chosen_model_file
from loresmith.diagnostics.failure import InvalidCall
from loresmith.lower.conversation import lower_scenario
from loresmith.validate.answers import require_askable
from loresmith.validate.compare import Difference, compare
from loresmith.validate.evaluate import Evaluated
from loresmith.validate.few_shot import with_examples
from loresmith.validate.metrics import METRICS
from loresmith.validate.text import percent_within

BASE, FEW_SHOT = "untouched base", "base with examples"


def bench_models(
    models: Sequence[str], root: Path, recipe: str | None, questions: Questions, *, as_json: bool
) -> int:
    """Judge model files side by side on one split, with the untouched base and the base shown examples.

    Each is compared with the first. Gives exit code 0.
    """
    from loresmith.pipeline.back_stages import MODEL
    from loresmith.pipeline.build import build_stage

    project, _ = chosen_project(recipe, root)
    files = _files(models, project.models)
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
        print(json.dumps(_content(judged, differences), indent=2))
    else:
        Console().print(_table(judged, differences))
        Console().print(f"Each model's verdict is {judged[0].name} against it, paired by scenario, at 95%.")
    return 0


def _files(models: Sequence[str], delivered: Path) -> dict[str, Path]:
    """The model files by the name they are shown under; two of one name show their folder."""
    files = [chosen_model_file(model, delivered) for model in models]
    names = [file.name for file in files]
    shown = [n if names.count(n) == 1 else f"{f.parent.name}/{n}" for n, f in zip(names, files, strict=True)]
    if len(set(shown)) < len(shown):
        raise InvalidCall("One model is named twice.", remedy="Name each file once.")
    return dict(zip(shown, files, strict=True))


def _differences(first: Evaluated, other: Evaluated) -> list[Difference]:
    """The first model against another; a baseline's longer prompts have the same players and references."""
    return [compare(first.judgements, other.judgements, metric) for metric in METRICS]


def _content(judged: Sequence[Evaluated], differences: dict[str, list[Difference]]) -> dict[str, object]:
    return {
        "models": {one.name: one.scores.model_dump() | {"speed": one.speed.model_dump()} for one in judged},
        "first_against": {name: [d.model_dump() for d in part] for name, part in differences.items()},
    }


def _table(judged: Sequence[Evaluated], differences: dict[str, list[Difference]]) -> Table:
    table = Table(title=f"{judged[0].scores.replies} replies; 95% intervals")
    table.add_column("A reply…")
    for one in judged:
        table.add_column(one.name, justify="right")
    for number, metric in enumerate(METRICS):
        cells = [
            percent_within(getattr(one.scores, metric.key), one.scores.intervals[metric.key])
            for one in judged
        ]
        verdicts = [f"\n{differences[one.name][number].verdict}" for one in judged[1:]]
        table.add_row(
            metric.label,
            cells[0],
            *(cell + verdict for cell, verdict in zip(cells[1:], verdicts, strict=True)),
        )
    table.add_row("prompt tokens/s", *(f"{one.speed.prompt_tokens_per_second:.0f}" for one in judged))
    table.add_row("answer tokens/s", *(f"{one.speed.tokens_per_second:.0f}" for one in judged))
    table.add_row("memory (MB)", *(f"{one.speed.memory_bytes / 1e6:,.0f}" for one in judged))
    table.add_row("seconds to the first token", *(f"{one.speed.first_token_seconds:.2f}" for one in judged))
    return table
