"""What is asked: the shipped library's test split, whole or a part of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.commands.questions import Questions, questions_of
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


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Two scenarios outside the project."""
    for path in sorted((ROOT / "ai-training" / "scenarios" / "puzzle").glob("*.md"))[:2]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_other_scenarios_are_all_asked_whatever_their_split(project: Project, elsewhere: Path) -> None:
    questions = questions_of(None, elsewhere, None, constrained=False)
    assert len(questions.scenarios(project)) == 2
    assert len(questions.prompts(project)) > 4
    assert questions.asked == str(elsewhere)
    assert len(questions_of(None, elsewhere, 1, constrained=False).scenarios(project)) == 1
    one = next(elsewhere.iterdir())
    assert len(questions_of(None, one, None, constrained=False).scenarios(project)) == 1


@pytest.mark.parametrize("folder", ["ai-training/scenarios", "ai-training/scenarios/puzzle", "."])
def test_the_projects_own_are_not_other_scenarios(project: Project, folder: str) -> None:
    with pytest.raises(InvalidCall, match="project's own scenarios"):
        questions_of(None, ROOT / folder, None, constrained=False).prompts(project)


def test_a_split_or_other_scenarios(elsewhere: Path) -> None:
    with pytest.raises(InvalidCall, match="project's own"):
        questions_of("eval", elsewhere, None, constrained=False)


def test_other_scenarios_that_are_not_there(project: Project, tmp_path: Path) -> None:
    with pytest.raises(InvalidCall, match="no such file"):
        questions_of(None, tmp_path / "nowhere", None, constrained=False).prompts(project)


def test_errors_in_other_scenarios_are_shown(project: Project, elsewhere: Path) -> None:
    (elsewhere / "broken.md").write_text("# Nothing\n", encoding="utf-8")
    with pytest.raises(Rejected, match="in 1 scenario file") as refused:
        questions_of(None, elsewhere, None, constrained=False).prompts(project)
    assert "broken.md:1" in refused.value.excerpt
