"""`loresmith eval`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from loresmith.commands.choice import chosen_project
from loresmith.commands.watchers import watcher_for
from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.pipeline.build import states_of
from loresmith.pipeline.project import Project
from loresmith.store.artefacts import Artefact
from loresmith.validate.report import percent
from loresmith.validate.score import Scores


def evaluate_model(name: str | None, root: Path, model: Path | None, split: str, *, as_json: bool) -> int:
    """Judge a model file on a split and print the scores; gives exit code 0."""
    if split not in ("eval", "test"):
        raise InvalidCall(f"There is no split {split!r} to judge on.", remedy="Splits: eval, test.")
    project, _ = chosen_project(name, root)
    file = model or _newest(project)
    if not file.is_file():
        raise InvalidCall("There is no such model file.", where=str(file))
    dataset = _dataset(project)
    with watcher_for(sys.stderr, quiet=as_json) as watcher:
        title = f"Judging {file.name}"
        watcher.stage_begins(title)
        scores = _scores(project, dataset, file, split, watcher.advance)
        watcher.stage_ends(title, f"{scores.replies} replies")
    print(json.dumps(scores.model_dump(), indent=2) if as_json else _table(scores, file, split))
    return 0


def _newest(project: Project) -> Path:
    from loresmith.deliver.versions import read_metadata, versions_of

    folder = project.models / project.recipe.name
    versions = versions_of(folder)
    if not versions:
        raise Rejected(
            f"The recipe {project.recipe.name} hasn't been built yet.",
            remedy=f"Run: loresmith train {project.recipe.name}, or name a file with --model.",
        )
    newest = folder / versions[-1]
    return newest / read_metadata(newest)["app"]["model"]


def _dataset(project: Project) -> Artefact:
    found = {state.stage.name: state.artefact for state in states_of(project)}["dataset"]
    if found is None:
        raise Rejected(
            "The scenarios have changed since the last build, so there is no dataset to judge on.",
            remedy=f"Run: loresmith train {project.recipe.name}",
        )
    return found


def _scores(
    project: Project, dataset: Artefact, model: Path, split: str, report: Callable[[float], None]
) -> Scores:
    from loresmith.dataset.build import read_samples
    from loresmith.validate.answers import answers_of, prompts_of
    from loresmith.validate.score import judge, scores_of

    samples = read_samples(dataset.folder, split)
    if not samples:
        raise Rejected(f"No scenario is in the {split} split.", remedy="Put some there with front matter.")
    prompts = prompts_of(samples)
    answers = answers_of(model, prompts, project.recipe.validate_.max_new_tokens, 0, report)
    return scores_of([judge(p, a, project.vocabulary) for p, a in zip(prompts, answers, strict=True)])


def _table(scores: Scores, model: Path, split: str) -> str:
    return "\n".join(
        (
            f"{model.name} on the {split} split: {scores.replies} replies, {scores.replies_with_call} with a call",
            f"  well-formed call where one belongs   {percent(scores.call_valid)}",
            f"  the same tools                       {percent(scores.tool_match)}",
            f"  exactly the same calls               {percent(scores.exact)}",
            f"  a call where none belongs            {percent(scores.false_call)}",
            f"  stops by itself                      {percent(scores.ended)}",
        )
    )
