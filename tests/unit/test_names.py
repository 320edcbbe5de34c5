"""Whom a name in a call means."""

from __future__ import annotations

import pytest
from loresmith.check.creatures import name_meant, short_names

PARTY = ("Brother Amsel", "Professor Agatha Crumb", "Anna Wolf", "Durnan the Bold", "Brother Ulf")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("player", "Brother Amsel"),
        ("brother amsel", "Brother Amsel"),
        ("Amsel", "Brother Amsel"),
        ("amsel", "amsel"),
        ("Brother", "brother"),
        ("Agatha", "Professor Agatha Crumb"),
        ("Agatha Crumb", "Professor Agatha Crumb"),
        ("professor", "Professor Agatha Crumb"),
        ("anna", "Anna Wolf"),
        ("Wolf", "Anna Wolf"),
        ("wolf", "wolf"),
        ("the wolf", "wolf"),
        ("Durnan", "Durnan the Bold"),
        ("the", "the"),
        ("The goblin", "goblin"),
        ("goblin_1", "goblin 1"),
        ("goblin #1", "goblin 1"),
        ("Goblin#1", "goblin 1"),
    ],
)
def test_a_name_means_a_member_or_a_creature(name: str, meant: str) -> None:
    assert name_meant(name, PARTY, "Brother Amsel") == meant


def test_the_words_that_mean_one_member_alone() -> None:
    words = ["Amsel", "Professor", "Agatha", "Crumb", "Anna", "Wolf", "Durnan", "Bold", "Ulf"]
    assert short_names(PARTY) == words
