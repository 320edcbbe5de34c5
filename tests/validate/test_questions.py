"""What is asked: the shipped library's test split, whole or a part of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from loresmith.commands.questions import Questions, questions_of, scenarios_of
from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.pipeline.project import Project
from loresmith.recipe.load import find_recipe, load_recipe

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(ROOT, load_recipe(find_recipe("smoke", ROOT)))


def test_a_part_of_a_split_is_the_same_each_time_and_of_many_categories(project: Project) -> None:
    whole = Questions("test").scenarios(project)
    part = Questions("test", 8).scenarios(project)
    assert len(whole) >= 40
    assert [s for s in whole if s in part] == part == Questions("test", 8).scenarios(project)
    assert (len(part), len({scenario.category for scenario in part}) >= 4) == (8, True)
    assert {s.id for s in Questions("test", 7).scenarios(project)} < {s.id for s in part}


def test_the_train_split_is_not_for_judging(project: Project) -> None:
    with pytest.raises(InvalidCall, match="no split 'train'"):
        Questions("train").prompts(project)


OTHERS = ROOT / "benchmarks" / "others"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Two scenarios outside the project that say nearly the same, of whatever split."""
    text = (OTHERS / "comic" / "odd-socks.md").read_text(encoding="utf-8").replace("split: test\n", "")
    for name in ("one", "two"):
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    return tmp_path


def asked_of(folder: Path, limit: int | None = None) -> Questions:
    return questions_of(None, folder, limit, constrained=False)


def test_other_scenarios_are_all_asked_whatever_their_split(project: Project, elsewhere: Path) -> None:
    questions = asked_of(elsewhere)
    assert [scenario.id for scenario in questions.scenarios(project)] == ["one", "two"]
    assert len(questions.prompts(project)) > 4
    assert questions.asked == str(elsewhere)
    assert [s.id for s in asked_of(elsewhere / "one.md").scenarios(project)] == ["one"]


def test_the_shipped_others_are_without_errors_and_not_trained_on(project: Project) -> None:
    assert len(asked_of(OTHERS).scenarios(project)) == 30


def test_a_part_of_other_scenarios_is_the_same_wherever_they_lie(project: Project, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(OTHERS, copied)
    here, there = ([s.id for s in asked_of(folder, 4).scenarios(project)] for folder in (OTHERS, copied))
    assert here == there
    assert len(here) == 4


def test_what_is_trained_on_is_not_asked(project: Project, tmp_path: Path) -> None:
    trained = next(s for s in scenarios_of(project) if s.split == "train")
    copy = tmp_path / "copy.md"
    copy.write_bytes((ROOT / trained.path).read_bytes())
    with pytest.raises(Rejected, match="1 of 1 scenarios are nearly the same") as refused:
        asked_of(tmp_path).scenarios(project)
    assert f"copy.md:1:1: nearly the same as {trained.path}" in refused.value.excerpt


def test_of_many_that_are_trained_on_some_are_named(project: Project) -> None:
    with pytest.raises(Rejected, match="are nearly the same") as refused:
        asked_of(ROOT / "ai-training" / "scenarios" / "puzzle").scenarios(project)
    lines = refused.value.excerpt.splitlines()
    assert len(lines) == 6
    assert lines[-1].endswith("more")


def test_a_split_or_other_scenarios(elsewhere: Path) -> None:
    with pytest.raises(InvalidCall, match="project's own"):
        questions_of("eval", elsewhere, None, constrained=False)


def test_other_scenarios_that_are_not_there(project: Project, tmp_path: Path) -> None:
    with pytest.raises(InvalidCall, match="no such file"):
        asked_of(tmp_path / "nowhere").prompts(project)


def test_errors_in_other_scenarios_are_shown(project: Project, elsewhere: Path) -> None:
    (elsewhere / "broken.md").write_text("# Nothing\n", encoding="utf-8")
    with pytest.raises(Rejected, match="in 1 scenario file") as refused:
        asked_of(elsewhere).prompts(project)
    assert "broken.md:1" in refused.value.excerpt
