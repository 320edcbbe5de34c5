"""`loresmith eval`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from loresmith.commands.choice import chosen_project
from loresmith.commands.questions import Questions, ask
from loresmith.commands.watchers import watcher_for
from loresmith.deliver.chosen import chosen_model_file
from loresmith.deliver.versions import versions_of
from loresmith.diagnostics.failure import Rejected
from loresmith.pipeline.project import Project
from loresmith.validate.evaluate import Evaluated
from loresmith.validate.metrics import METRICS
from loresmith.validate.text import percent, percent_within


def evaluate_model(
    name: str | None, root: Path, model: str | None, questions: Questions, *, as_json: bool
) -> int:
    """Judge a model file on a split and print the scores; gives exit code 0."""
    project, _ = chosen_project(name, root)
    file = chosen_model_file(model, project.models) if model else _newest(project)
    prompts = questions.prompts(project)
    with watcher_for(sys.stderr, quiet=as_json) as watcher:
        evaluated = ask(project, file.name, file, prompts, questions, watcher)
    if as_json:
        print(json.dumps(evaluated.scores.model_dump() | {"speed": asdict(evaluated.speed)}, indent=2))
    else:
        print(_text(evaluated, questions.split))
    return 0


def _newest(project: Project) -> Path:
    name = project.recipe.name
    if not versions_of(project.models / name):
        raise Rejected(
            f"The recipe {name} hasn't been built yet.",
            remedy=f"Run: loresmith train {name}, or name a file with --model.",
        )
    return chosen_model_file(name, project.models)


def _text(evaluated: Evaluated, split: str) -> str:
    scores, speed = evaluated.scores, evaluated.speed
    lines = [
        f"{evaluated.name} on the {split} split: {scores.replies} replies, {scores.replies_with_call} with a call. "
        "A reply… (with 95% intervals)",
        *(
            f"  {metric.label:32}{percent_within(getattr(scores, metric.key), scores.intervals[metric.key]):>16}"
            f"   {metric.note}"
            for metric in METRICS
        ),
        "",
        "  what went wrong: " + ", ".join(f"{kind} {count}" for kind, count in scores.failures.items()),
        "",
        f"  {'by tool':20}{'replies':>8}{'same tools':>12}{'exact':>8}",
        *(
            f"  {tool:20}{group.replies:>8}{percent(group.tool_match):>12}{percent(group.exact):>8}"
            for tool, group in scores.by_tool.items()
        ),
        "",
        f"  {speed.first_token_seconds:.2f} s to the first token (median), {speed.tokens_per_second:.0f} tokens/s",
    ]
    return "\n".join(lines)
