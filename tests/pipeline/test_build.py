"""The whole pipeline on a tiny base: what runs, what doesn't run again, and what a failure leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFReader
from loresmith.commands.entry import exit_code_of
from loresmith.commands.export import export_model
from loresmith.deliver.configuration import app_configuration
from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.export.verify import value_of
from loresmith.pipeline.back_stages import _require_same_model
from loresmith.pipeline.build import run_build, states_of
from loresmith.pipeline.stage import Stage
from loresmith.pipeline.train_stages import TRAIN
from loresmith.store.files import sha256_of
from loresmith.train.metrics import pace_in

from tests.families.tower import add_towers
from tests.pipeline.projects import RECIPE, Recorder, make_project, opened
from tests.play.chain_model import write_chain_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was built once."""
    root = make_project(tmp_path_factory.mktemp("built"))
    run_build(opened(root), Recorder())
    return root


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of the built project, to change."""
    shutil.copytree(built, tmp_path / "project")
    return tmp_path / "project"


def scenario(root: Path) -> Path:
    return root / "ai-training" / "scenarios" / "exploration" / "crypt-altar.md"


def test_a_build_delivers_model_metadata_and_report(built: Path) -> None:
    folder = built / "ai-training" / "models" / "tiny" / "v1"
    assert {path.name for path in folder.iterdir()} == {
        "tiny-q8_0.gguf", "tiny-adapter.gguf", "model-metadata.json", "report.json", "report.html"
    }  # fmt: skip
    metadata = json.loads((folder / "model-metadata.json").read_text())
    assert metadata["files"]["tiny-q8_0.gguf"]["bytes"] == (folder / "tiny-q8_0.gguf").stat().st_size
    assert metadata["files"]["tiny-adapter.gguf"]["sha256"] == sha256_of(folder / "tiny-adapter.gguf")
    assert metadata["app"] == {"model": "tiny-q8_0.gguf", "mmproj": None}
    assert metadata["data"]["train_scenarios"] == metadata["data"]["eval_scenarios"] == 1
    assert set(metadata["scores"]) == {"tuned, q8_0", "untouched base, q8_0"}
    judged = [j for part in report_of(built, "v1")["judgements"].values() for j in part]
    assert judged
    assert all(judgement["refused"] is not None for judgement in judged)
    assert "roll" in metadata["tools"]
    assert str(built) not in (folder / "model-metadata.json").read_text()
    page = (folder / "report.html").read_text()
    assert "<img" in page
    assert "http" not in page.replace("data:image", "")
    report = json.loads((folder / "report.json").read_text())
    assert report["first_against"]["untouched base, q8_0"]["exact"]["verdict"] == "can't tell"
    assert set(report["fidelity"]) == set(report["scores"])
    assert f"{report['scores']['tuned, q8_0']['replies']} replies" in page
    assert f"{(folder / 'tiny-q8_0.gguf').stat().st_size:,}" in page


def report_of(root: Path, version: str) -> dict[str, Any]:
    return json.loads((root / "ai-training" / "models" / "tiny" / version / "report.json").read_text())


def test_a_report_tells_speed_and_genealogy(built: Path) -> None:
    report = report_of(built, "v1")
    assert set(report["speed"]) == set(report["scores"])
    assert all(value > 0 for speed in report["speed"].values() for value in speed.values())
    family = {one["name"]: one for one in report["genealogy"]["ancestors"]}
    assert list(family) == [
        "lower", "base", "projector", "dataset", "train", "merge", "gguf", "adapter", "quantize-q8_0"
    ]  # fmt: skip
    assert all(set(one["parents"]) <= set(family) for one in family.values())
    model = built / "ai-training" / "models" / "tiny" / "v1" / "tiny-q8_0.gguf"
    assert family["quantize-q8_0"]["files"] == {"model.gguf": sha256_of(model)}
    assert {"loresmith", "python", "torch", "llama-cpp-python"} <= set(family["train"]["made_with"])
    assert report["genealogy"]["forebears"] == report["genealogy"]["earlier"] == []


def test_eval_writes_a_page_of_a_delivered_file_with_its_genealogy(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    command = ["eval", "tiny", "--split", "eval", "--report", "told"]
    assert exit_code_of(command) == 0
    assert "told/report.html" in capsys.readouterr().err
    told = json.loads((project / "told" / "report.json").read_text())
    assert told["genealogy"] == report_of(project, "v1")["genealogy"]
    assert told["files"]["tiny-q8_0.gguf"]["bits_per_weight"] > 8
    assert told["facts"]["model"] == "tiny v1"
    assert "<img" in (project / "told" / "report.html").read_text()
    delivered = project / "ai-training" / "models" / "tiny" / "v1"
    shutil.copytree(delivered, project / "other")
    write_chain_model(project / "other" / "tiny-q8_0.gguf")
    assert exit_code_of([*command, "--model", "other/tiny-q8_0.gguf"]) == 0
    told = json.loads((project / "told" / "report.json").read_text())
    assert (told["genealogy"], "model" in told["facts"]) == (None, False)
    capsys.readouterr()
    assert exit_code_of([*command, "--free-play"]) == 2
    assert "There is no page of free play." in capsys.readouterr().err


def test_eval_says_what_was_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    (project / "others").mkdir()
    (project / "others" / "nave.md").write_text(
        "# SYSTEM\n\nRole: DM\nWorld: a nave\nLocation: its crypt\nParty: Bo (Elf Bard, Level 2, HP: 5)\n\n"
        "**User:** I look around.\n\n**DM:** The nave is empty. Only pigeons.\n",
        encoding="utf-8",
    )
    for options, asked, replies in (
        (["--split", "eval"], "the eval split", 4),
        (["--scenarios", "others"], "others", 1),
    ):
        assert exit_code_of(["eval", "tiny", "--json", *options]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["asked"], said["replies"]) == (asked, replies)


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("--free-play --seed 1", "in free play on the eval split, dice by seed 1: 1 scenarios"),
        ("--free-play --grammar", "has only calls that parse"),
        ("--fidelity", "perplexity of the reference's 4 replies"),
        ("--grammar --limit 1", "on the eval split, with the grammar: 4 replies"),
    ],
)
def test_each_way_of_judging_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str, told: str
) -> None:
    monkeypatch.chdir(project)
    assert exit_code_of(["eval", "tiny", "--split", "eval", *way.split()]) == 0
    assert told in " ".join(capsys.readouterr().out.split())
    assert exit_code_of(["eval", "tiny", "--split", "eval", "--json", *way.split()]) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_base_that_sees_is_delivered_with_its_projector(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_project(tmp_path / "seeing", family="gemma3n")
    add_towers(root / "base")
    delivery = run_build(opened(root), Recorder())
    assert delivery.projector is not None
    assert delivery.projector == delivery.folder / "tiny-mmproj.gguf"
    assert value_of(GGUFReader(delivery.projector), "clip.vision.projector_type") == "gemma3nv"
    assert value_of(GGUFReader(delivery.model), "general.name") == "tiny"
    assert 'mmprojPath = "' in app_configuration(delivery)
    export_model("tiny", tmp_path / "app", None, root)
    assert (tmp_path / "app" / "tiny-mmproj.gguf").read_bytes() == delivery.projector.read_bytes()
    assert str(tmp_path / "app" / "tiny-mmproj.gguf") in capsys.readouterr().out


def test_the_f16_file_says_what_the_weights_say(built: Path) -> None:
    artefacts = {state.stage.name: state.artefact for state in states_of(opened(built))}
    exported = artefacts["gguf"]
    assert exported is not None
    assert exported.facts["divergence"]["mean"] < 1e-3
    assert exported.facts["divergence"]["positions"] == 100


def test_an_export_of_another_model_is_refused() -> None:
    _require_same_model({"mean": 0.0099})
    with pytest.raises(Rejected, match="doesn't say what the weights say"):
        _require_same_model({"mean": 0.0101})


def test_nothing_changed_runs_nothing(project: Path) -> None:
    watcher = Recorder()
    delivery = run_build(opened(project), watcher)
    assert watcher.ran == []
    assert (delivery.version, delivery.is_new) == ("v1", False)
    assert all(state.artefact for state in states_of(opened(project)))


def test_two_builds_of_the_same_inputs_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = make_project(tmp_path / "again")
    run_build(opened(again), Recorder())
    ours, theirs = (root / "ai-training" / "models" / "tiny" / "v1" for root in (built, again))
    assert (ours / "model-metadata.json").read_text() == (theirs / "model-metadata.json").read_text()
    assert (ours / "tiny-q8_0.gguf").read_bytes() == (theirs / "tiny-q8_0.gguf").read_bytes()


def test_a_changed_comment_compiles_again_and_trains_nothing(project: Path) -> None:
    path = scenario(project)
    path.write_text(path.read_text().replace("# DM", "<!-- calm, then the trap -->\n\n# DM", 1))
    watcher = Recorder()
    delivery = run_build(opened(project), watcher)
    assert watcher.ran == ["Scenarios"]
    assert not delivery.is_new


def test_a_changed_scenario_trains_again(project: Path) -> None:
    path = scenario(project)
    path.write_text(path.read_text().replace("wrapped in oilcloth", "black with age"))
    watcher = Recorder()
    delivery = run_build(opened(project), watcher)
    assert "Training" in watcher.ran
    assert "Base model" not in watcher.ran
    assert "Export of the untouched base" not in watcher.ran
    assert delivery.version == "v2"
    before = report_of(project, "v2")["genealogy"]["earlier"]
    assert [one["version"] for one in before] == ["v1"]
    assert before[0]["bytes"] == (delivery.folder.parent / "v1" / "tiny-q8_0.gguf").stat().st_size


def test_incremental_training_starts_from_the_last_adapter(project: Path) -> None:
    incremental = RECIPE.replace("rank: 2,", "rank: 2, incremental: true,")
    first = {state.stage.name: state.artefact for state in states_of(opened(project))}["train"]
    assert first is not None
    watcher = Recorder()
    run_build(opened(project, incremental), watcher)
    assert watcher.ran == []
    path = scenario(project)
    path.write_text(path.read_text().replace("wrapped in oilcloth", "black with age"))
    run_build(opened(project, incremental), watcher)
    second = {state.stage.name: state.artefact for state in states_of(opened(project))}
    assert "Training" in watcher.ran
    run_build(opened(project, incremental), unchanged := Recorder())
    assert unchanged.ran == []
    manifests = [
        json.loads(p.read_text()) for p in (project / "ai-training/build/train").glob("*/manifest.json")
    ]
    parents = {manifest["facts"]["parent"] for manifest in manifests}
    assert parents == {None, first.key}
    (forebear,) = report_of(project, "v2")["genealogy"]["forebears"]
    assert (forebear["key"], forebear["digest"]) == (first.key, first.digest)
    assert second["train"] is None


def test_another_quantization_trains_nothing(project: Path) -> None:
    watcher = Recorder()
    run_build(opened(project, RECIPE.replace("q8_0}", "q8_0}\n  - {quantize: q4_0}")), watcher)
    assert "; layers' error 0." in watcher.ended["Quantizing q4_0"]
    assert not {"Training", "Merging", "Export"} & set(watcher.ran)


def test_a_budget_that_cannot_be_met_loses_nothing(project: Path) -> None:
    with pytest.raises(Rejected) as caught:
        run_build(opened(project, RECIPE.replace("q8_0}", "q8_0, max_size: 1MB}")), Recorder())
    assert caught.value.exit_code == 1
    watcher = Recorder()
    run_build(opened(project), watcher)
    assert watcher.ran == []


def test_a_validation_below_the_threshold_is_exit_1(project: Path) -> None:
    with pytest.raises(Rejected, match="isn't good enough") as caught:
        run_build(
            opened(
                project, RECIPE.replace("max_new_tokens: 4", "max_new_tokens: 4, tool_call_present: '>= 1.0'")
            ),
            Recorder(),
        )
    assert caught.value.exit_code == 1
    assert "validate.tool_call_present: 0.0%, asked for at least 100.0%" in caught.value.excerpt
    page = next(word for word in caught.value.remedy.replace(";", "").split() if word.endswith("report.html"))
    assert "What went wrong" in (project / page).read_text()


def test_a_first_model_below_the_threshold_is_not_delivered(project: Path) -> None:
    shutil.rmtree(project / "ai-training" / "models")
    with pytest.raises(Rejected, match="isn't good enough"):
        run_build(
            opened(project, RECIPE.replace("max_new_tokens: 4", "max_new_tokens: 4, tool_match: '>= 1'")),
            Recorder(),
        )
    assert list((project / "ai-training" / "models").rglob("*.gguf")) == []
    assert exit_code_of(["eval", "tiny"]) != 0


def test_a_divergence_above_the_threshold_is_exit_1(project: Path) -> None:
    with pytest.raises(Rejected, match="KL divergence"):
        run_build(
            opened(project, RECIPE.replace("max_divergence: 50", "max_divergence: 1.0e-12")), Recorder()
        )


def test_an_interrupted_training_goes_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longer = RECIPE.replace("epochs: 2", "epochs: 4")
    interrupted = Recorder()

    def stop_at_two(measurement: object) -> None:
        interrupted.steps.append(measurement.step)  # type: ignore[attr-defined]
        if len(interrupted.steps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(interrupted, "measure", stop_at_two)
    with pytest.raises(KeyboardInterrupt):
        run_build(opened(project, longer), interrupted)
    state = next(s for s in states_of(opened(project, longer)) if s.stage is TRAIN)
    assert state.begun
    assert (pace := pace_in(state.begun))
    assert (pace.step, pace.steps) == (1, 4)
    watcher = Recorder()
    run_build(opened(project, longer), watcher)
    assert watcher.steps == [2, 3, 4]


def test_a_truncated_base_is_found_before_training(project: Path) -> None:
    weights = project / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(Rejected, match="damaged or cut short"):
        run_build(opened(project), Recorder())


def test_a_context_longer_than_the_models_is_refused(project: Path) -> None:
    with pytest.raises(InvalidCall, match="holds 8,192 tokens"):
        run_build(opened(project, RECIPE.replace("context: 8192", "context: 9000")), Recorder())


def test_stage_titles_are_unlike() -> None:
    from loresmith.pipeline.graph import stages_of
    from loresmith.recipe.schema import Recipe

    recipe = Recipe.model_validate({"name": "x", "base": {"path": "b"}, "target": "llama.cpp"})
    stages: list[Stage] = stages_of(recipe)
    assert len({stage.title for stage in stages}) == len({stage.name for stage in stages}) == len(stages)


def test_bench_compares_a_model_with_the_base_and_the_base_shown_examples(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("COLUMNS", "200")
    command = ["bench", "tiny", "--recipe", "tiny", "--split", "eval", "--json"]
    assert exit_code_of(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["models"]) == ["tiny-q8_0.gguf", "untouched base", "base with examples"]
    assert set(told["first_against"]) == {"untouched base", "base with examples"}
    for differences in told["first_against"].values():
        assert {"exact", "parsed", "outcomes", "ledgers"} <= {one["metric"] for one in differences}
    assert all(model["fidelity"]["perplexity"] > 1 for model in told["models"].values())
    assert exit_code_of(command[:-1]) == 0
    shown = capsys.readouterr().out
    for row in ("makes exactly", "different pairs of words", "perplexity of", "by the ledger", "can't tell"):
        assert row in shown
    assert exit_code_of(["bench", "tiny", "--recipe", "tiny", "--split", "train"]) == 2
    assert exit_code_of(["bench", "tiny", "--recipe", "tiny", "--split", "test"]) == 1
    assert "No scenario is in the test split" in capsys.readouterr().err
