"""`loresmith eval`: what is printed in each way, and the options that a way has no use for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.commands.evaluate import _group_lines, _text
from loresmith.validate.metrics import METRICS
from loresmith.validate.score import scores_of

from tests.messages import said
from tests.play.chain_model import write_chain_model
from tests.unit.test_brackets import evaluated
from tests.validate.answered import judged

EVAL = ("eval", "mine", "--model", "m.gguf", "--split", "eval")


@pytest.fixture
def asked(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project with scenarios and a model file."""
    assert exit_code_of(["init"]) == 0
    capsys.readouterr()
    return write_chain_model(project / "m.gguf")


@pytest.mark.parametrize("way", [[], ["--fidelity"]])
def test_a_seed_without_free_play_is_refused(
    asked: Path, way: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of([*EVAL, *way, "--seed", "1"]) == 2
    assert "--seed" in said(capsys)


@pytest.mark.parametrize("way", [[], ["--fidelity"], ["--free-play"], ["--free-play", "--seed", "1"]])
def test_json_says_what_was_asked(asked: Path, way: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of([*EVAL, "--json", *way]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["recipe"], told["asked"]) == ("m.gguf", "mine", "the eval split")
    assert (told["scenarios_at_most"], told["grammar"]) == (None, False)
    assert told.get("seed") == (1 if "--free-play" in way else None)
    assert len(told) > 7


def test_every_share_stands_in_its_column() -> None:
    lines = _text(evaluated("m.gguf"), "the eval split").splitlines()[1 : len(METRICS) + 1]
    places = {line.index(f"   {metric.note}") for line, metric in zip(lines, METRICS, strict=True)}
    assert len(places) == 1


def test_long_names_of_groups_move_all_columns() -> None:
    (group,) = scores_of((judged("You look."),)).by_category.values()
    _, *lines = _group_lines("by category", {"short": group, "the-halls-below-the-mountain": group})
    assert len({len(line) for line in lines}) == 1
    assert _group_lines("by tool", {})[1].startswith("  by tool")
