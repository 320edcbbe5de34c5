"""Which words of a party's names are swapped, each case in the smallest scenario that has it."""

from __future__ import annotations

import random

import pytest
from loresmith.augment.lists import listed
from loresmith.augment.names import swap_names
from loresmith.augment.places import shipped_places

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


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Posy", "You see two Posys."),
        ("Posy", "You see two Posies."),
        ("Kang", "Four Kangs bow."),
        ("Gwen", "You smooth gwens dress."),
        ("Pock", "There Pocky goes."),
        ("Marigold", 'A wall asks: "Mari?"'),
        ("Desmond", "UNCLE DES WE'RE HERE!"),
        ("Theo", "Lord Theodore of Lutely!"),
        ("Crepin", "Crépin! Say something."),
        ("Bláth", "BLATH, are you there?"),
        ("Tobías", "tobias, look!"),
        ("Thessaly", "thess, get two smoke bombs."),
        ("Jedediah", "ok jed, make it stop."),
        ("Aurélien", "Aurel nods."),
        ("Saturday", "It's market day: Saturday."),
    ],
)
def test_a_name_with_another_form_stays(name: str, told: str) -> None:
    assert new_names(told, name) == {name}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Theo", "The cellar is dark. You see the stairs."),
        ("Calla", "You call her."),
        ("Rollo", "A stone rolls. You roll it on."),
    ],
)
def test_a_word_that_a_name_begins_with_is_no_short_form(name: str, told: str) -> None:
    assert name not in new_names(told, name)


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("Ulrich the Bold", "the Bold"),
        ("Zoe the Zebra Knight", "the Zebra Knight"),
        ("Tess o'the Nets", "o'the Nets"),
        ("Tariq al-Nasr", "al-Nasr"),
        ("Thaddeus Oakes-Minnow", "Oakes-Minnow"),
    ],
)
def test_an_epithet_stays(name: str, stays: str) -> None:
    names = {tuple(new.split(" ", 1)) for new in new_names("Well.", name)}
    assert {rest for _, rest in names} == {stays}
    assert name.split(maxsplit=1)[0] not in {first for first, _ in names}


@pytest.mark.parametrize("name", ["Seven-Bells", "Asha-of-the-Reeds"])
def test_a_name_with_hyphens_stays(name: str) -> None:
    assert new_names("Well.", name) == {name}


@pytest.mark.parametrize(
    ("name", "told", "stays"),
    [
        ("Narcisse", "N-Narcisse, do you see her?", True),
        ("Greer", "g-g-greer, is it a ghost?", True),
        ("Greer", "gr-Greer!", True),
        ("Greer", "You see the well-Greer road.", False),
        ("Snick", "It says S.S., in curly letters.", True),
        ("Snick", "The blade has the letters J. S.", True),
        ("Snick", "The blade has the letters J. M.", False),
        ("Snick", "That is plan S.", False),
    ],
)
def test_a_name_that_the_text_plays_on_stays(name: str, told: str, stays: bool) -> None:
    assert (new_names(told, name) == {name}) == stays


def test_a_place_with_another_form_stays() -> None:
    world = "The tower of Mirefort. The Mire has it."
    assert all(
        swap_names(scenario("Well.", world=world), random.Random(seed)).system.world == world
        for seed in SEEDS
    )


FEMININE, MASCULINE, EITHER = (
    set(listed("names")["names"][gender]) for gender in ("feminine", "masculine", "either")
)


@pytest.mark.parametrize(
    ("name", "told", "fitting"),
    [
        ("Dot", '"Dot, what does it do? Does she remember?"\n\nDot lifts her axe.', FEMININE | EITHER),
        ("Dot", "Dot lifts his axe. Dot sees that he has a notch.", MASCULINE | EITHER),
        ("Dot", "Dot lifts his axe.", EITHER),
        ("Dot", "Dot lifts the axe.", EITHER),
        ("Dot", "Dot lifts their axe.", EITHER),
        ("Dot", '"Run, Dot," he says. "Run, Dot," he says.', EITHER),
        ("Dot", "Dot bows to Hake. He nods. Dot bows to Hake. He nods.", EITHER),
        ("Dot", "Dot has her axe. Dot lifts her axe. Dot lowers his axe.", EITHER),
        ("Aunt Dot", "Dot lifts the axe.", FEMININE | EITHER),
        ("Dot", "You follow Sir Dot.", MASCULINE | EITHER),
    ],
)
def test_a_name_fits_the_pronouns_and_titles(name: str, told: str, fitting: set[str]) -> None:
    new = {new.split()[-1] for new in new_names(told, name)}
    assert new <= fitting
    assert new - EITHER or fitting == EITHER


def test_a_family_name_fits_all_of_the_family() -> None:
    names = new_names("Dot lifts her axe. Dot lowers her axe.", "Dot Marlow")
    assert {name.split()[0] for name in names} & FEMININE
    assert {name.split()[1] for name in names} <= EITHER


def test_a_name_is_on_one_list() -> None:
    assert not FEMININE & MASCULINE | (FEMININE | MASCULINE) & EITHER
    assert not (FEMININE | MASCULINE | EITHER) & set(shipped_places())
