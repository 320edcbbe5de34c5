"""Running the stages of a recipe, each only when its artefact isn't there."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.deliver.versions import Delivery, deliver
from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.pipeline.back_stages import MODEL, check_budget, check_divergence
from loresmith.pipeline.companion_stages import ADAPTER_FILE, projector_of
from loresmith.pipeline.front_stages import BASE, LOWER, check_base
from loresmith.pipeline.graph import stages_of
from loresmith.pipeline.project import Project
from loresmith.pipeline.report import build_report
from loresmith.pipeline.stage import Built, Stage, Watcher
from loresmith.pipeline.train_stages import TRAIN, remember_adapter
from loresmith.pipeline.trim_stage import TRIM, check_cut
from loresmith.store.artefacts import Artefact, key_of
from loresmith.store.files import sha256_of
from loresmith.validate.gate import require_thresholds
from loresmith.validate.report import REPORT_JSON, REPORT_PAGE
from loresmith.validate.score import Scores


@dataclass(frozen=True)
class StageState:
    """A stage and its artefact, or None when it would have to run; `begun` is the folder of a run that can go on."""

    stage: Stage
    artefact: Artefact | None
    begun: Path | None


def states_of(project: Project) -> list[StageState]:
    """Which stages are built and which would run; nothing is run."""
    built: dict[str, Artefact] = {}
    states: list[StageState] = []
    for stage in stages_of(project.recipe):
        known = all(need in built for need in stage.needs)
        key = key_of(stage.name, stage.version, stage.inputs(project, built)) if known else None
        artefact = project.store.find(stage.name, key) if key else None
        if artefact:
            built[stage.name] = artefact
        states.append(StageState(stage, artefact, None if artefact else _begun(stage, key, project)))
    return states


def _begun(stage: Stage, key: str | None, project: Project) -> Path | None:
    """The folder of a run that was stopped and can go on."""
    if key is None or not stage.resumable:
        return None
    folder = project.store.work_folder(stage.name, key)
    return folder if folder.exists() else None


def run_build(project: Project, watcher: Watcher) -> Delivery:
    """Build everything that isn't built, check it, and deliver it.

    Raises a Failure from whatever stage fails; what was finished stays and isn't run again.
    """
    with project.store.locked():
        built: dict[str, Artefact] = {}
        for stage in stages_of(project.recipe):
            built[stage.name] = _run_stage(stage, project, built, watcher)
        report = build_report(project, built, _judged(project, built), _build_digest(project, built))
        _require_valid(project, built, report)
        return _deliver(project, built, report)


def build_stage(project: Project, name: str, watcher: Watcher) -> Artefact:
    """Build one stage and what it needs, and nothing else. Raises a Failure as `run_build` does."""
    with project.store.locked():
        built: dict[str, Artefact] = {}
        stages = stages_of(project.recipe)
        needed = {name}
        for stage in reversed(stages):
            needed |= set(stage.needs) if stage.name in needed else set()
        for stage in stages:
            if stage.name in needed:
                built[stage.name] = _run_stage(stage, project, built, watcher)
        return built[name]


def join_training(project: Project, watcher: Watcher) -> None:
    """Do this machine's part of a training that the first machine of the cluster leads; keeps nothing of it.

    Builds what training needs. Raises a Failure as `run_build` does.
    """
    assert project.cluster is not None
    stage = next(stage for stage in stages_of(project.recipe) if stage.name == TRAIN.name)
    built = {need: build_stage(project, need, watcher) for need in stage.needs}
    watcher.stage_begins(stage.title)
    with tempfile.TemporaryDirectory() as scratch:
        stage.make(project, built, Path(scratch), watcher)
    watcher.stage_ends(stage.title, "this machine's part is done; the first machine builds the model")


def _run_stage(stage: Stage, project: Project, built: Built, watcher: Watcher) -> Artefact:
    inputs = stage.inputs(project, built)
    key = key_of(stage.name, stage.version, inputs)
    found = project.store.find(stage.name, key)
    if found:
        watcher.stage_ends(stage.title, f"unchanged ({stage.summary(found)})")
        _check(stage, found, project)
        return found

    def make(folder: Path) -> dict[str, Any]:
        facts = stage.make(project, built, folder, watcher)
        if stage.inputs(project, built) != inputs:
            raise _changed_meanwhile(stage)
        return facts

    watcher.stage_begins(stage.title)
    artefact = project.store.build(
        stage.name, key, inputs, make, resumable=stage.resumable, unkeyed=stage.unkeyed
    )
    watcher.stage_ends(stage.title, stage.summary(artefact))
    _check(stage, artefact, project)
    return artefact


def _changed_meanwhile(stage: Stage) -> EnvironmentFailure:
    return EnvironmentFailure(
        f"The files that the stage {stage.name!r} reads were changed while it read them.",
        remedy="Run the same command again.",
    )


def _check(stage: Stage, artefact: Artefact, project: Project) -> None:
    """Checks that read the recipe but don't belong into an artefact's key."""
    if stage.name == BASE.name:
        check_base(artefact, project)
    if stage.name == "train":
        remember_adapter(project, artefact)
    if stage.name == TRIM.name:
        check_cut(artefact, project)
    for output in project.recipe.outputs:
        if stage.name == f"quantize-{output.quantize}":
            check_budget(artefact, output, project)
            check_divergence(artefact, project)


def _require_valid(project: Project, built: Built, report: Path) -> None:
    page = (report / REPORT_PAGE).relative_to(project.root).as_posix()
    scores = {
        kind: Scores.model_validate(built[f"answers-{kind}"].facts["scores"])
        for kind in (output.quantize for output in project.recipe.outputs)
    }
    require_thresholds(scores, project.recipe.validate_, page)


def _deliver(project: Project, built: Built, report: Path) -> Delivery:
    recipe = project.recipe
    names = {output.quantize: f"{recipe.name}-{output.quantize}.gguf" for output in recipe.outputs}
    files = {name: built[f"quantize-{kind}"].folder / MODEL for kind, name in names.items()}
    files |= _companions(recipe.name, built)
    files |= {name: report / name for name in (REPORT_JSON, REPORT_PAGE)}
    return deliver(
        project.models, recipe.name, _build_digest(project, built), files, _metadata(project, built, names)
    )


def _companions(name: str, built: Built) -> dict[str, Path]:
    """The adapter and, for a base that sees, the projector, by the names they are delivered under."""
    projector = projector_of(built)
    seeing = {f"{name}-mmproj.gguf": projector} if projector else {}
    return {f"{name}-adapter.gguf": built["adapter"].folder / ADAPTER_FILE} | seeing


def _build_digest(project: Project, built: Built) -> str:
    """What is delivered: the artefacts, which output the app loads, and for which target.

    Of the scenarios what came of them counts: those of the test split are asked, and change nothing.
    """
    recipe = project.recipe
    artefacts = {name: artefact.digest for name, artefact in built.items() if name != LOWER.name}
    outputs = [output.quantize for output in recipe.outputs]
    text = json.dumps([artefacts, outputs, recipe.target], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _metadata(project: Project, built: Built, names: Mapping[str, str]) -> dict[str, Any]:
    recipe = project.recipe
    return {
        "app": {
            "model": names[recipe.outputs[0].quantize],
            "mmproj": f"{recipe.name}-mmproj.gguf" if projector_of(built) else None,
        },
        "target": recipe.target,
        "base": {"name": recipe.base.name, "digest": built["base"].digest} | built["base"].facts,
        "vocabulary": built["trim"].facts if "trim" in built else None,
        "data": {"digest": built["dataset"].digest} | built["dataset"].facts,
        "recipe": recipe.model_dump(mode="json", by_alias=True),
        "training": built["train"].facts | {"adapter": built["train"].key},
        "files": {
            name: {"sha256": built[f"quantize-{kind}"].files[MODEL]} | built[f"quantize-{kind}"].facts
            for kind, name in names.items()
        }
        | {
            name: {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            for name, path in _companions(recipe.name, built).items()
        },
        "scores": {label: artefact.facts["scores"] for label, artefact in _judged(project, built).items()},
        "tools": [tool.name for tool in project.vocabulary.tools],
    }


def _judged(project: Project, built: Built) -> dict[str, Artefact]:
    """The judged answers by the name a reader sees, the untouched base last."""
    tuned = {f"tuned, {o.quantize}": built[f"answers-{o.quantize}"] for o in project.recipe.outputs}
    return tuned | {f"untouched base, {project.recipe.outputs[0].quantize}": built["base-answers"]}
