"""The stage in the pipeline: what sees the trimmed folder, and what stays as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from loresmith.deliver.versions import Delivery
from loresmith.export.verify import value_of
from loresmith.pipeline.build import run_build, states_of
from loresmith.pipeline.graph import stages_of
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Built, Stage, Watcher
from loresmith.pipeline.trim_stage import REPORT, rewired, tool_words
from loresmith.recipe.schema import Output, Recipe
from loresmith.store.artefacts import Artefact

from tests.pipeline.projects import RECIPE, Recorder, make_project, opened

CORPUS = f"{RECIPE}vocabulary: {{trim: corpus}}\n"


def recipe(**vocabulary: Any) -> Recipe:
    content = {"name": "r", "base": {"path": "base"}, "target": "llama.cpp", "vocabulary": vocabulary}
    return Recipe.model_validate(content)


def artefact(name: str) -> Artefact:
    return Artefact(stage=name, key="k", inputs={}, facts={}, files={}, digest=name, folder=Path(name))


def test_without_a_trim_there_is_no_stage() -> None:
    names = [stage.name for stage in stages_of(recipe())]
    assert "trim" not in names
    assert "base-dataset" not in names


def test_with_a_trim_all_that_is_tuned_comes_from_it() -> None:
    stages = {stage.name: stage for stage in stages_of(recipe(trim="english"))}
    for name in ("dataset", "train", "merge", "adapter", "answers-q8_0"):
        assert "trim" in stages[name].needs
        assert "base" not in stages[name].needs
    assert stages["base-gguf"].needs == ("base",)
    assert stages["base-answers"].needs == ("base-quantize", "base-dataset", "lower", "base")
    order = list(stages)
    assert all(order.index(need) < order.index(name) for name in order for need in stages[name].needs)
    assert len({stage.title for stage in stages.values()}) == len(stages)


def test_importance_is_measured_where_it_leads() -> None:
    coarse = recipe(trim="english").model_copy(
        update={"outputs": (Output(quantize="q4_k_m"), Output(quantize="q8_0"))}
    )
    needs = {stage.name: stage.needs for stage in stages_of(coarse)}
    assert needs["importance"] == ("merge", "dataset")
    assert needs["quantize-q4_k_m"] == ("gguf", "dataset", "importance")
    assert needs["quantize-q8_0"] == ("gguf", "dataset")
    assert needs["base-importance"] == ("base", "base-dataset")
    assert needs["base-quantize"] == ("base-gguf", "base-importance")
    fine = recipe(trim="english").model_copy(update={"outputs": (Output(quantize="q8_0"),)})
    assert not [stage.name for stage in stages_of(fine) if "importance" in stage.name]


def test_a_rewired_stage_sees_the_other_artefact(tmp_path: Path) -> None:
    def inputs(_project: Project, built: Built) -> dict[str, Any]:
        return {"base": built["base"].digest}

    def make(_project: Project, built: Built, _folder: Path, _watcher: Watcher) -> dict[str, Any]:
        return {"made of": built["base"].digest}

    stage = rewired(Stage("s", 1, "S", ("base", "lower"), inputs, make, lambda _: ""), {"base": "trim"})
    project, built = Project(tmp_path, recipe()), {name: artefact(name) for name in ("base", "trim")}
    assert stage.needs == ("trim", "lower")
    assert stage.inputs(project, built) == {"base": "trim"}
    assert stage.make(project, built, tmp_path, Recorder()) == {"made of": "trim"}


def test_tool_words(tmp_path: Path) -> None:
    assert {"roll", "perception", "sleight of hand"} <= set(tool_words(Project(tmp_path, recipe())))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Delivery]:
    """A project that was built with a trimmed vocabulary."""
    project = opened(make_project(tmp_path_factory.mktemp("trimmed")), CORPUS)
    return project, run_build(project, Recorder())


@pytest.mark.slow
def test_a_build_delivers_the_trimmed_model(built: tuple[Project, Delivery]) -> None:
    from gguf import GGUFReader

    project, delivery = built
    artefacts = {state.stage.name: state.artefact for state in states_of(project)}
    trim = artefacts["trim"]
    assert trim is not None
    report = json.loads((trim.folder / REPORT).read_text())
    assert report["tokens_after"] < report["tokens_before"] == 512
    assert report["same_reading"]["texts"] == 2
    assert report["max_logit_difference"] < 1e-4
    assert str(project.root) not in json.dumps(report)
    assert len(value_of(GGUFReader(delivery.model), "tokenizer.ggml.tokens")) == report["tokens_after"]
    metadata = json.loads((delivery.folder / "model-metadata.json").read_text())
    assert metadata["vocabulary"]["tokens_after"] == report["tokens_after"]
    base = artefacts["base-gguf"]
    assert base is not None
    assert len(value_of(GGUFReader(base.folder / "model-f16.gguf"), "tokenizer.ggml.tokens")) == 512


@pytest.mark.slow
def test_a_second_build_runs_nothing(built: tuple[Project, Delivery]) -> None:
    watcher = Recorder()
    assert not run_build(built[0], watcher).is_new
    assert watcher.ran == []


@pytest.mark.slow
def test_other_words_trim_again_and_fetch_nothing(built: tuple[Project, Delivery]) -> None:
    project = built[0]
    path = project.scenarios / "exploration" / "crypt-altar.md"
    source = path.read_text()
    try:
        path.write_text(source.replace("wrapped in oilcloth", "black with age"))
        states = {state.stage.name: state.artefact for state in states_of(project)}
    finally:
        path.write_text(source)
    assert states["base"] is not None
    assert states["projector"] is not None
    assert states["trim"] is None
