"""Which words of a party's names are swapped, each case in the smallest scenario that has it."""

from __future__ import annotations

import random

import pytest
from loresmith.augment.names import swap_names

from tests.augment.test_left_alone import SEEDS, scenario


def new_names(reply: str, name: str) -> set[str]:
    """What the player character is called in a few copies."""
    one = scenario(reply, name=name)
    return {swap_names(one, random.Random(seed)).system.party[0].name for seed in SEEDS}


@pytest.mark.parametrize("title", ["Private", "Aunt", "Old", "Captain", "Sister"])
def test_a_title_stays(title: str) -> None:
    names = new_names("Well.", f"{title} Una")
    assert {name.split()[0] for name in names} == {title}
    assert "Una" not in {name.split()[1] for name in names}


def test_what_others_are_called_too_stays() -> None:
    names = new_names("You find Tamer Dale.", "Tamer Una")
    assert {name.split()[0] for name in names} == {"Tamer"}
    assert "Tamer" not in {name.split()[0] for name in new_names("Tamer Una! Tamer, run!", "Tamer Una")}
