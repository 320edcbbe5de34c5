"""The search for settings: what is tried, what is stopped, and what an interruption changes (nothing)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall, Rejected
from loresmith.recipe.load import load_recipe
from loresmith.recipe.schema import Recipe
from loresmith.recipe.train import Train
from loresmith.train.loop import Measurement
from loresmith.tune.plot import draw_search
from loresmith.tune.search import Searched, Tried, run_missing, tried_of
from loresmith.tune.space import PARTS, part_of, settings_of
from loresmith.tune.study import FILE, open_study
from loresmith.tune.table import print_table, ranked
from loresmith.tune.tuned_recipe import tuned_recipe_path, write_tuned_recipe

from tests.pipeline.projects import RECIPE, Recorder

RANGES = """\
tune:
  trials: 9
  ranges:
    learning_rate: {low: 1.0e-5, high: 1.0e-1, log: true}
    rank: [4, 8]
    batch_size: {low: 1, high: 4}
"""
STEPS = 16


def recipe(tmp_path: Path, ranges: str = RANGES) -> Recipe:
    path = tmp_path / "tiny.yaml"
    path.write_text(RECIPE + ranges)
    return load_recipe(path)


class MadeTrainer:
    """Trains nothing: a trial's loss falls to how far its learning rate is from 0.001, in powers of ten.

    `die_at` is the call (trial) and step in which it is interrupted; a rate above 0.05 diverges.
    """

    def __init__(self, die_at: tuple[int, int] = (-1, -1)) -> None:
        self.die_at = die_at
        self.calls: list[tuple[dict[str, float], int]] = []

    def __call__(
        self, values: Mapping[str, float], folder: Path, heard: Callable[[Measurement], None]
    ) -> dict[str, Any]:
        from math import log10

        goal = abs(log10(values["learning_rate"]) + 3) + 0.01 * values["rank"]
        self.calls.append((dict(values), 0))
        (folder / "checkpoint-00000001.safetensors").write_text("weights")
        (folder / "metrics.jsonl").write_text("{}\n")
        for step in range(1, STEPS + 1):
            if values["learning_rate"] > 0.05 and step == 3:
                raise Rejected("Training diverged.")
            if (len(self.calls), step) == self.die_at:
                raise KeyboardInterrupt
            loss = goal + 5 / step
            heard(Measurement(step, STEPS, loss, loss if step % 2 == 0 else None, 0.1, 9, 9, 0.1, 1.0, 1))
            self.calls[-1] = (dict(values), step)
        return {"best_eval_loss": goal + 5 / STEPS}


def searched(tmp_path: Path, name: str, trainer: MadeTrainer) -> list[Tried]:
    tune = recipe(tmp_path).tune
    assert tune is not None
    study = open_study(tmp_path / name, 7)
    run_missing(study, tune, trainer, tmp_path / name, Recorder())
    return [tried_of(trial) for trial in study.trials()]


def told(tried: list[Tried]) -> list[Any]:
    """Everything but the seconds."""
    return [(t.number, t.state, t.loss, t.values, t.cause) for t in tried]


def test_the_search_finds_the_good_learning_rates_and_stops_the_others_early(tmp_path: Path) -> None:
    trainer = MadeTrainer()
    tried = searched(tmp_path, "whole", trainer)
    assert len(tried) == 9
    states = [t.state for t in tried]
    assert set(states) == {"done", "stopped"}
    assert any(t.cause == "worse than the median" for t in tried)
    stopped = [steps for (_, steps), t in zip(trainer.calls, tried, strict=True) if t.state == "stopped"]
    assert all(steps < STEPS for steps in stopped)
    best = Searched(tried, 9, tmp_path, 1).best
    assert best.loss == min(t.loss for t in tried if t.state == "done" and t.loss is not None)
    for t in tried:
        assert 1e-5 <= t.values["learning_rate"] <= 1e-1
        assert t.values["rank"] in (4, 8)
        assert t.values["batch_size"] in (1, 2, 3, 4)
        assert isinstance(t.values["rank"], int)


@pytest.mark.parametrize("die_at", [(1, 1), (3, 9), (7, 3)])
def test_an_interrupted_search_tries_what_an_undisturbed_one_does(
    tmp_path: Path, die_at: tuple[int, int]
) -> None:
    whole = searched(tmp_path, "whole", MadeTrainer())
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path, "stopped", MadeTrainer(die_at))
    folder = tmp_path / "stopped" / "trials" / f"{die_at[0]:04d}"
    assert (folder / "checkpoint-00000001.safetensors").exists()
    again = MadeTrainer()
    assert told(searched(tmp_path, "stopped", again)) == told(whole)
    assert len(again.calls) == 9 - die_at[0] + 1
    assert not (folder / "checkpoint-00000001.safetensors").exists()
    assert (folder / "metrics.jsonl").exists()
    searched(tmp_path, "stopped", again)
    assert len(again.calls) == 9 - die_at[0] + 1


def test_a_trial_that_diverges_is_stopped_with_its_cause(tmp_path: Path) -> None:
    tune = recipe(tmp_path, RANGES.replace("1.0e-5", "0.06").replace("trials: 9", "trials: 2")).tune
    assert tune is not None
    study = open_study(tmp_path, 7)
    run_missing(study, tune, MadeTrainer(), tmp_path, Recorder())
    tried = [tried_of(trial) for trial in study.trials()]
    assert [t.cause for t in tried] == ["Training diverged."] * 2
    with pytest.raises(Rejected, match="No trial ran to its end") as caught:
        _ = Searched(tried, 2, tmp_path, 1).best
    assert "trial 1: Training diverged." in caught.value.excerpt


def test_no_trial_begins_when_the_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tune = recipe(tmp_path, RANGES.replace("trials: 9", "trials: 9\n  timeout: 1")).tune
    assert tune is not None
    clock = iter(range(0, 1000))
    monkeypatch.setattr("loresmith.tune.search.time.monotonic", lambda: next(clock))
    study = open_study(tmp_path, 7)
    run_missing(study, tune, MadeTrainer(), tmp_path, Recorder())
    assert len(study.trials()) == 1


def test_a_damaged_file_of_trials_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all, and long enough to look at" * 50)
    with pytest.raises(EnvironmentFailure, match="can't be used") as caught:
        open_study(tmp_path, 7)
    assert caught.value.where.endswith(FILE)


@pytest.mark.parametrize("scenarios", [1, 7, 8, 9, 17, 100, 333])
def test_every_trial_is_measured_at_the_same_parts(scenarios: int) -> None:
    from loresmith.train.loop import total_steps

    settings = settings_of(Train(epochs=1, incremental=True), {"batch_size": 1, "rank": 8}, scenarios)
    steps = total_steps(scenarios, settings)
    measured = [step for step in range(1, steps + 1) if step % settings.eval_every == 0 or step == steps]
    parts = [part_of(step, steps) for step in measured]
    assert len(set(parts)) == len(parts) <= PARTS
    assert parts[-1] == PARTS
    assert all(step / steps - part / PARTS < 1 / PARTS for step, part in zip(measured, parts, strict=True))
    assert len(parts) == PARTS or steps < 50
    assert settings.rank == 8
    assert not settings.incremental


def made(number: int, state: str, loss: float | None, rate: float = 1e-3) -> Tried:
    return Tried(number, state, loss, {"learning_rate": rate, "rank": 8}, 1.5, "")


def test_the_table_has_the_best_first_and_the_stopped_behind(capsys: pytest.CaptureFixture[str]) -> None:
    tried = [made(0, "stopped", 0.5), made(1, "done", 2.0), made(2, "done", 1.0), made(3, "stopped", None)]
    assert [t.number for t in ranked(tried)] == [2, 1, 0, 3]
    print_table(tried)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["trial", "eval", "loss", "learning_rate", "rank", "seconds", "ending"]
    assert lines[1].split() == ["3", "1.0000", "0.001", "8", "2", "done"]


def test_the_tuned_recipe_is_the_recipe_with_the_best_values(tmp_path: Path) -> None:
    own = recipe(tmp_path)
    result = Searched([made(0, "done", 2.0), made(1, "done", 1.0, 2.5e-5)], 2, tmp_path, 40)
    path = tuned_recipe_path(own, tmp_path)
    write_tuned_recipe(own, result, path)
    tuned = load_recipe(path)
    assert path.name == "tiny-tuned.yaml"
    assert "trial 2, the best of 2, with an eval loss of 1.0000" in path.read_text().splitlines()[0]
    wanted = {"learning_rate": 2.5e-5, "rank": 8, "eval_every": 10}
    assert tuned.train == own.train.model_copy(update=wanted)
    assert tuned.name == "tiny-tuned"
    assert tuned.tune is None
    assert tuned.model_copy(update={"name": own.name, "train": own.train, "tune": own.tune}) == own


def test_a_recipe_that_a_person_wrote_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "tiny-tuned.yaml").write_text("name: tiny-tuned\n")
    with pytest.raises(InvalidCall, match="stands where the tuned one would be written"):
        tuned_recipe_path(recipe(tmp_path), tmp_path)


def test_the_picture_is_the_same_each_time(tmp_path: Path) -> None:
    result = Searched(
        [made(0, "done", 2.0), made(1, "stopped", 90.0, 1e-2), made(2, "done", 1.0)], 3, tmp_path, 4
    )
    for name in ("one.png", "two.png"):
        draw_search(result, frozenset({"learning_rate"}), tmp_path / name)
    one = (tmp_path / "one.png").read_bytes()
    assert one.startswith(b"\x89PNG")
    assert one == (tmp_path / "two.png").read_bytes()


def test_a_recipe_without_ranges_says_how_to_declare_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["tune", "tiny.yaml"]) == 2
    said = capsys.readouterr().err
    assert "declares no ranges" in said
    assert "learning_rate: {low: 5.0e-5, high: 1.0e-3, log: true}" in said


MISTAKES = [
    ("learning_rat: [1]", "11:5", "Unknown key 'tune.ranges.learning_rat'", "Did you mean learning_rate?"),
    ("rank: {lo: 1, high: 2}", "11:12", "Unknown key 'tune.ranges.rank.lo'", "Did you mean low?"),
    ("rank: {high: 16}", "11:11", "give low and high, or a list", ""),
    ("rank: {low: 16, high: 16}", "11:11", "low must be less than high", ""),
    ("warmup: {low: 0, high: 0.5, log: true}", "11:13", "log needs a low above 0", ""),
    ("rank: [8, 16.5]", "11:11", "16.5: Input should be a valid integer", ""),
    ("learning_rate: {low: 0.1, high: 10}", "11:20", "10: Input should be less", ""),
]


@pytest.mark.parametrize(("text", "place", "message", "remedy"), MISTAKES)
def test_a_mistake_in_the_ranges_shows_its_place(
    tmp_path: Path, text: str, place: str, message: str, remedy: str
) -> None:
    with pytest.raises(InvalidCall) as caught:
        recipe(tmp_path, f"tune:\n  ranges:\n    {text}\n")
    assert caught.value.where == f"{tmp_path / 'tiny.yaml'}:{place}"
    assert message in caught.value.message
    assert remedy in caught.value.remedy
