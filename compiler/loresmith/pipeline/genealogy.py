"""The genealogy of what a build delivers, read from its artefacts."""

from __future__ import annotations

from loresmith.deliver.genealogy import Ancestor, Forebear, Genealogy, earlier_versions
from loresmith.pipeline.graph import stages_of
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Built, Stage
from loresmith.pipeline.train_stages import recipe_digest
from loresmith.store.artefacts import Artefact


def genealogy_of(project: Project, built: Built, build: str) -> Genealogy:
    """Where the files of a build come from; `build` is its digest."""
    stages = stages_of(project.recipe)
    kept = _ancestry(stages, [f"quantize-{output.quantize}" for output in project.recipe.outputs])
    return Genealogy(
        recipe=project.recipe.name,
        recipe_digest=recipe_digest(project),
        build=build,
        ancestors=tuple(_ancestor(stage, built[stage.name]) for stage in stages if stage.name in kept),
        forebears=_forebears(project, built["train"]),
        earlier=earlier_versions(project.models / project.recipe.name, build),
    )


def _ancestry(stages: list[Stage], delivered: list[str]) -> set[str]:
    """The names of the delivered files' stages and of all that they descend from, with the files beside the model."""
    kept = {*delivered, "adapter", "projector"}
    for stage in reversed(stages):
        kept |= set(stage.needs) if stage.name in kept else set()
    return kept


def _ancestor(stage: Stage, artefact: Artefact) -> Ancestor:
    return Ancestor(
        name=stage.name,
        title=stage.title,
        key=artefact.key,
        digest=artefact.digest,
        summary=stage.summary(artefact),
        parents=stage.needs,
        inputs=artefact.inputs,
        files=artefact.files,
        stage_version=stage.version,
        made_with=artefact.made_with,
    )


def _forebears(project: Project, adapter: Artefact) -> tuple[Forebear, ...]:
    """The adapters that an incremental training goes back to, the newest first."""
    found = list[Forebear]()
    key: str | None = adapter.facts["parent"]
    while key:
        before = project.store.find("train", key)
        found.append(_forebear(key, before))
        key = before.facts["parent"] if before else None
    return tuple(found)


def _forebear(key: str, adapter: Artefact | None) -> Forebear:
    facts = adapter.facts if adapter else {}
    return Forebear(
        key=key,
        digest=adapter.digest if adapter else None,
        dataset=adapter.inputs["dataset"] if adapter else None,
        recipe_digest=facts.get("recipe_digest"),
        best_eval_loss=facts.get("best_eval_loss"),
    )
