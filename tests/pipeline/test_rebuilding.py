"""What a build makes anew, and what it doesn't, when something is changed between two builds or during one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loresmith.diagnostics.failure import EnvironmentFailure, Rejected
from loresmith.pipeline.build import join_training, run_build, states_of
from loresmith.pipeline.graph import stages_of
from loresmith.pipeline.stage import Stage
from loresmith.train.cluster import Cluster
from loresmith.train.member import Request

from tests.pipeline.projects import RECIPE, Recorder, make_project, opened

pytestmark = pytest.mark.slow

TRIMMED = f"{RECIPE}vocabulary: {{trim: corpus}}\n".replace("context: 8192", "context: 4096")
INCREMENTAL = TRIMMED.replace("rank: 2,", "rank: 2, incremental: true,")


ASKED = """\
---
split: test
---

# SYSTEM

## Role

You are the DM.

## World

Salt plains.

## Location

A well.

## Party

- **Edda** (player): Dwarf Fighter, level 1
  - Health: 12/12

# User

I look down the well.

# DM

Water glints far below.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was built once, with a trimmed vocabulary and a scenario of the test split."""
    root = make_project(tmp_path_factory.mktemp("built"))
    scenario(root, "asked").write_text(ASKED)
    run_build(opened(root, TRIMMED), Recorder())
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of the built project, to change."""
    shutil.copytree(built, tmp_path / "project")
    return tmp_path / "project"


def scenario(root: Path, name: str = "crypt-altar") -> Path:
    return root / "ai-training" / "scenarios" / "exploration" / f"{name}.md"


def change(path: Path, old: str, new: str) -> None:
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def test_a_changed_scenario_of_the_test_split_trains_nothing(project: Path) -> None:
    change(scenario(project, "asked"), "far below", "below, far")
    watcher = Recorder()
    assert not run_build(opened(project, TRIMMED), watcher).is_new
    assert watcher.ran == ["Scenarios", "Vocabulary", "Dataset", "Dataset in the untouched base's tokens"]


def test_a_changed_scenario_leaves_the_untouched_bases_file(project: Path) -> None:
    change(scenario(project), "cold stone", "stone cold")
    watcher = Recorder()
    run_build(opened(project, TRIMMED), watcher)
    assert "Training" in watcher.ran
    assert "Quantizing the base to q8_0" not in watcher.ran


def test_incremental_training_goes_on_over_the_same_kept_tokens(project: Path) -> None:
    first = {state.stage.name: state.artefact for state in states_of(opened(project, TRIMMED))}["train"]
    assert first
    change(scenario(project), "cold stone", "cold cold stone")
    project_again = opened(project, INCREMENTAL)
    run_build(project_again, watcher := Recorder())
    second = {state.stage.name: state.artefact for state in states_of(project_again)}["train"]
    assert "Vocabulary" in watcher.ran
    assert second
    assert second.facts["parent"] == first.key
    assert not any("from zero" in note for note in watcher.notes)


def test_incremental_training_says_that_it_begins_from_zero(project: Path) -> None:
    change(scenario(project), "cold stone", "cold cold stone")
    run_build(opened(project, INCREMENTAL.replace("rank: 2,", "rank: 3,")), watcher := Recorder())
    assert any("Trains from zero" in note for note in watcher.notes)


def test_a_scenario_that_is_saved_while_it_is_read_is_not_kept_under_the_old_key(project: Path) -> None:
    class Saving(Recorder):
        def stage_begins(self, title: str) -> None:
            super().stage_begins(title)
            if title == "Scenarios":
                change(scenario(project), "needle", "dragon")

    change(scenario(project), "cold stone", "stone cold")
    opened_project = opened(project, TRIMMED)
    with pytest.raises(EnvironmentFailure, match=r"'lower' reads were changed") as failed:
        run_build(opened_project, Saving())
    assert failed.value.remedy == "Run the same command again."
    change(scenario(project), "dragon", "needle")
    assert states_of(opened_project)[0].artefact is None


def test_another_target_is_checked_and_delivered_though_nothing_is_built(project: Path) -> None:
    other = TRIMMED.replace("target: llama.cpp", "target: cactus-0.2")
    delivery = run_build(opened(project, other), watcher := Recorder())
    assert (delivery.version, delivery.is_new, watcher.ran) == ("v2", True, [])
    with pytest.raises(Rejected, match=r"cactus-0\.2 doesn't run bf16 well"):
        run_build(opened(project, other.replace("q8_0", "bf16")), watcher)
    assert watcher.ran == []


def test_an_artefact_with_a_file_missing_is_made_again(project: Path) -> None:
    project_again = opened(project, TRIMMED)
    artefact = {state.stage.name: state.artefact for state in states_of(project_again)}["quantize-q8_0"]
    assert artefact
    (artefact.folder / "model.gguf").unlink()
    run_build(project_again, watcher := Recorder())
    assert watcher.ran == ["Quantizing q8_0"]


def test_every_machine_of_a_cluster_trains_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []

    def launched(_cluster: Cluster, request: Any, *_: Any) -> dict[str, Any]:
        asked.append(request(project))
        return {}

    monkeypatch.setattr("loresmith.train.launch.launch_training", launched)
    cluster = Cluster(project / "accelerate.yaml", 2, 2, 0, True, True, "no")
    first = replace(opened(project, TRIMMED), cluster=cluster)
    built = {state.stage.name: state.artefact for state in states_of(first) if state.artefact}
    trained(first).make(first, built, project / "folder", Recorder())
    join_training(replace(first, cluster=replace(cluster, machine=1)), watcher := Recorder())
    assert watcher.ran == ["Training"]
    own = [(request.base, request.dataset, request.key) for request in asked]
    assert len(own) == 2
    assert own[0] == own[1]


def trained(project: Any) -> Stage:
    return next(stage for stage in stages_of(project.recipe) if stage.name == "train")
