"""What is refused before anything is done: damaged deliveries, recipes that can't be built, wrong places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.deliver.versions import METADATA

from tests.messages import said
from tests.unit.recipes import RECIPE

DELIVERED = {
    "name": "dm",
    "version": "v1",
    "target": "cactus-0.2",
    "base": {"name": "tiny"},
    "app": {"model": "m.gguf", "mmproj": None},
    "files": {"m.gguf": {"bytes": 4, "sha256": "0"}},
    "training": {"best_eval_loss": 1.0},
    "scores": {"m.gguf": {"call_valid": 1.0}},
}


DAMAGED = [
    None, "{", "[]", "null", '{"name": "x"}',
    json.dumps(DELIVERED | {"app": {"mmproj": None}}), json.dumps(DELIVERED | {"scores": {"q8_0": {}}}),
    json.dumps(DELIVERED | {"scores": {}}), json.dumps(DELIVERED | {"files": {}}),
]  # fmt: skip


@pytest.mark.parametrize("metadata", DAMAGED)
def test_one_damaged_version_hides_no_other(
    project: Path, metadata: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    models = project / "ai-training" / "models"
    whole, damaged = models / "dm" / "v1", models / "dm" / "v2"
    whole.mkdir(parents=True)
    damaged.mkdir()
    (whole / METADATA).write_text(json.dumps(DELIVERED))
    if metadata is not None:
        (damaged / METADATA).write_text(metadata)
    assert exit_code_of(["models", "--json"]) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert (good["version"], good["bytes"]) == ("v1", 4)
    assert bad["version"] == "v2"
    assert "can't be read" in bad["error"]
    assert exit_code_of(["export", "dm", "out"]) == 1
    assert "can't be read" in said(capsys)
    assert exit_code_of(["export", "dm", "out", "--version", "v1"]) == 1
    assert "The delivered file is gone." in said(capsys)


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ("target: cactus-0.2", 0, ""),
        (
            "target: cactus",
            2,
            "mine.yaml:3:9: error: target: there is no target 'cactus': did you mean cactus-0.2?",
        ),
        ("target: cactus-0.2\noutputs: [{quantize: q8_0, max_size: 250MB}]", 1, "The q8_0 file takes"),
        (
            "target: cactus-0.2\nvocabulary: {trim: english}\noutputs: [{quantize: q8_0, max_size: 250MB}]",
            0,
            "",
        ),
        (
            "target: cactus-0.2\nvocabulary: {trim: english}\noutputs: [{quantize: q8_0, max_size: 50MB}]",
            1,
            "The q8_0 file takes 113,287,072 bytes even without its vocabulary",
        ),
        (
            "target: cactus-0.2\ntrain: {context: 100000}",
            2,
            "train.context is 100,000; the target cactus-0.2",
        ),
        ("target: cactus-0.2\ntrain: {precision: fp16}", 2, "fp16 overflows in gemma3"),
    ],
)
def test_plan_refuses_what_no_machine_can_build(
    project: Path, change: str, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["init"]) == 0
    recipe = RECIPE.replace("target: cactus-0.2", change)
    (project / "recipes" / "mine.yaml").write_text(recipe)
    capsys.readouterr()
    assert exit_code_of(["plan", "mine"]) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert ("Size as q8_0: 291,544,992 bytes of " in shown.out) == (code == 0)


def test_plan_misses_a_base_folder_and_knows_the_packages(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = project / "recipes" / "mine.yaml"
    recipe.write_text("name: mine\nbase: {path: nowhere}\ntarget: cactus-0.2\n")
    assert exit_code_of(["plan", "mine"]) == 1
    assert "There is no such base model folder." in said(capsys)
    recipe.write_text("name: mine\nbase: {pypi: gemma3-270m}\ntarget: cactus-0.2\n")
    assert exit_code_of(["plan", "mine"]) == 2
    shown = capsys.readouterr().err
    assert "mine.yaml:2:14: error: base.pypi: there is no package of a base model 'gemma3-270m'" in shown


def test_a_file_of_tools_that_the_recipe_names_has_to_be_there(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["init"]) == 0
    recipe = project / "recipes" / "named.yaml"
    recipe.write_text(f"{RECIPE}data: {{tools: ai-training/tols.yaml}}\n")
    for command in (["plan", str(recipe)], ["lint", "--recipe", str(recipe)]):
        assert exit_code_of(command) == 2
        assert "ai-training/tols.yaml" in said(capsys)


def test_an_evaluation_with_a_wrong_split_or_report_is_refused_at_once(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "m.gguf").write_bytes(b"GGUF")
    assert exit_code_of(["init"]) == 0
    asked = ["eval", "mine", "--model", "m.gguf"]
    assert exit_code_of([*asked, "--split", "foo"]) == 2
    assert "There is no split 'foo'" in said(capsys)
    assert exit_code_of([*asked, "--split", "eval", "--report", "recipes/mine.yaml"]) == 2
    assert "Nothing can be written there" in said(capsys)
    assert exit_code_of(["eval", "mine", "--model", "nope.gguf"]) == 2
    assert "There is no such model file." in said(capsys)
