"""What is asked: the shipped library's test split, whole or a part of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.commands.questions import Questions
from loresmith.diagnostics.failure import InvalidCall
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
