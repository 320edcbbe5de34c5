"""What a pass must not change, each in the smallest scenario that has it."""

from __future__ import annotations

import random
import re

import pytest
from loresmith.augment.derive import derive
from loresmith.augment.dice import reroll_dice
from loresmith.augment.names import swap_names
from loresmith.augment.party import vary_party
from loresmith.check.file import compile_source
from loresmith.format.scenario import write_scenario
from loresmith.ir.scenario import Scenario
from loresmith.recipe.schema import Augment

from tests.augment.test_derive import VOCABULARY, results

SCENARIO = """\
# SYSTEM

## Role

You are the Dungeon Master.

## World

{world}

## Location

A cellar.

## Party

- **{name}** (player): Elf Ranger, level 3
  - Health: 6/24
  - {sheet}
- **Borin**: Dwarf Cleric, level 3
  - Health: 27/27

# User

I go down.

# DM

{reply}
"""
SHEET = "Skills: stealth +5\n  - Abilities: STR 10, DEX 16, CON 12"
SEEDS = range(20)


def scenario(
    reply: str, name: str = "Lyra Dane", world: str = "A world.", most: int = 300, sheet: str = SHEET
) -> Scenario:
    text = SCENARIO.format(reply=reply, name=name, world=world, sheet=sheet)
    compiled = compile_source("ai-training/scenarios/combat/x.md", text.encode(), VOCABULARY, most)
    assert not compiled.findings
    assert compiled.scenario
    return compiled.scenario


def health(one: Scenario) -> tuple[int, int]:
    member = one.system.party[0]
    return member.health, member.max_health


def test_an_ability_is_no_shout() -> None:
    for seed in SEEDS:
        other = write_scenario(
            swap_names(scenario("RUN, DEX!", name="Dex Marlow"), random.Random(seed)), VOCABULARY
        )
        assert "STR 10, DEX 16, CON 12" in other
        assert "RUN, DEX!" in other
        assert "**Dex " not in other


@pytest.mark.parametrize(
    "world",
    [
        "The Lady of Rags.",
        "The Hall of Quadrants.",
        "They live under Short Bridge.",
        "All is for sale on Thursdays.",
        "Rent is from Mondays to Fridays.",
        "Plate mail: disadvantage on Stealth.",
        "Plate mail: a hindrance to Stealth.",
        "The madness of Exhaustion.",
        "The priory of St. Amice.",
        "The week before Lent.",
        "The last week of Lent.",
        "The feast of Yule.",
        "The mill that grinds at Night.",
        "The line runs from Yesterday.",
        "The ogre before Karrow.",
    ],
)
def test_what_is_no_place_stays(world: str) -> None:
    for seed in SEEDS:
        assert swap_names(scenario("Well.", world=world), random.Random(seed)).system.world == world


def test_a_place_in_capitals_is_called_in_capitals() -> None:
    made = scenario("BACK TO KARROW!", world="The hills of Karrow.")
    texts = [write_scenario(swap_names(made, random.Random(seed)), VOCABULARY) for seed in SEEDS]
    assert not any("karrow" in text.lower() for text in texts)
    assert all(re.search(r"BACK TO [A-Z]{4,}!", text) for text in texts)


def test_a_place_behind_a_preposition_is_one() -> None:
    made = scenario("Well.", world="The hills of Karrow.")
    assert any(swap_names(made, random.Random(seed)).system.world != made.system.world for seed in SEEDS)


@pytest.mark.parametrize(
    ("sheet", "moves"),
    [
        ("Abilities: DEX 16\n  - Skills: stealth +5", False),
        ("Abilities: DEX 16\n  - Skills: dexterity +3", False),
        ("Abilities: DEX 16\n  - Skills: thieves' tools +5", False),
        ("Abilities: DEX 16\n  - Skills: arcana +5", True),
        ("Abilities: DEX 16\n  - AC: 13", False),
        ("Abilities: STR 16\n  - AC: 13", True),
        ("Skills: stealth +5", True),
        ("Skills: thieves' tools +5", True),
        ("Skills: wisdom save +5", False),
        ("Skills: initiative +5", False),
        ("Skills: attack +5", False),
        ("Skills: spell attack +5", False),
    ],
)
def test_what_follows_from_an_ability_stays(sheet: str, moves: bool) -> None:
    one = scenario("Well.", sheet=sheet)
    found = {vary_party(one, random.Random(seed)).system.party[0].details for seed in SEEDS}
    assert (found != {one.system.party[0].details}) == moves


def test_health_that_changed_without_a_result_stays() -> None:
    silent = scenario("You fall. [health: Lyra, -6]")
    assert all(health(vary_party(silent, random.Random(seed))) == (6, 24) for seed in SEEDS)


def test_a_first_name_is_the_members() -> None:
    told = scenario("It bites. [health: Lyra, -2]\n\n<TOOLCALL>health: 6 - 2 = *4*</TOOLCALL>\n\nOw.")
    others = [vary_party(told, random.Random(seed)) for seed in SEEDS]
    moved = [other for other in others if health(other) != (6, 24)]
    assert moved
    for other in moved:
        assert results(other)[0].total == health(other)[0] - 2


def test_dice_of_their_own_and_spoken_margins_stay() -> None:
    own = "[roll: 2d6]\n\n<TOOLCALL>2d6: 7 = *7* vs DC 5 success</TOOLCALL>\n\nYes."
    sum_of_13 = "<TOOLCALL>stealth: 8 + 5(skill) = *13* vs DC 15 failure</TOOLCALL>"
    margin = f"[roll: stealth]\n\n{sum_of_13}\n\nTwo short: a creak."
    free = margin.replace("Two short: a creak.", "A creak.")
    for seed in SEEDS:
        for reply in (own, margin):
            assert reroll_dice(scenario(reply), random.Random(seed)) == scenario(reply)
    assert reroll_dice(scenario(free), random.Random(1)) != scenario(free)


@pytest.mark.parametrize(
    ("die", "told", "moves"),
    [
        (10, "Exactly enough.", False),
        (11, "You just make it.", False),
        (9, "So close: a creak.", False),
        (9, "By a hair a creak.", False),
        (12, "You just make it.", True),
        (10, "You adjust the rope.", True),
    ],
)
def test_a_check_that_is_told_as_close_stays(die: int, told: str, moves: bool) -> None:
    outcome = "success" if die >= 10 else "failure"
    total = f"<TOOLCALL>stealth: {die} + 5(skill) = *{die + 5}* vs DC 15 {outcome}</TOOLCALL>"
    one = scenario(f"[roll: stealth]\n\n{total}\n\n{told}")
    assert any(reroll_dice(one, random.Random(seed)) != one for seed in SEEDS) == moves


def test_a_copy_may_be_as_long_as_the_recipe_says() -> None:
    long = scenario("word " * 57 + "and Lyra Dane.", most=500)
    assert derive(long, 1, Augment(names=1), VOCABULARY) is None
    assert derive(long, 1, Augment(names=1), VOCABULARY, 500) is not None
