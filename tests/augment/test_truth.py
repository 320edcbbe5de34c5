"""Whatever a pass changes, what was told stays, and what follows from the sheets stays true."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from loresmith.augment.derive import PASSES, derive
from loresmith.augment.dialogue import cut_to_dialogue
from loresmith.augment.exchanges import answered_calls
from loresmith.augment.party import vary_party
from loresmith.augment.people import names_for
from loresmith.augment.places import place_names, shipped_places
from loresmith.augment.spoken import numbers_spoken
from loresmith.check.file import compile_source
from loresmith.format.scenario import write_scenario
from loresmith.ir.scenario import DmTurn, Result, Scenario, System, UserTurn
from loresmith.recipe.schema import Augment

from tests.augment.test_derive import SHIPPED_NAMES, VOCABULARY, calls, results, shipped

ALL = ("names", "dice", "party", "dialogue")
TRAINED = [scenario for scenario in shipped() if scenario.split == "train"]

SCENARIO = """\
# SYSTEM

## Role

You are the Dungeon Master.

## World

{world}

## Location

A cellar in Marrowby.

## Party

- **Lyra** (player): Elf Ranger, level 3
  - Health: {health}/{most}
  - Inventory: {carried}
  - Skills: stealth {stealth:+d}, arcana {arcana:+d}
  - AC: {armour}
- **Borin**: Dwarf Cleric, level 3
  - Health: 27/27

# User

I go down.

# DM

You go down, softly. [roll: stealth]

<TOOLCALL>stealth: {stealth_sum}</TOOLCALL>

{told} [health: Lyra, -{lost}]

<TOOLCALL>health: {health} - {lost} = *{left}*</TOOLCALL>

It hurts.

# User

I drink.

# DM

You drink. [health: Lyra, +{gained}]

<TOOLCALL>health: {left} + {gained} = *{end}*</TOOLCALL>

Better.
"""


def plus(number: int) -> str:
    return f"+ {number}" if number >= 0 else f"- {-number}"


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A scenario without a finding, of made-up numbers."""
    most = draw(st.integers(2, 60))
    health = draw(st.integers(1, most))
    lost = draw(st.integers(1, 40))
    gained = draw(st.integers(1, 40))
    left = max(0, health - lost)
    stealth, die, against = draw(st.integers(-5, 12)), draw(st.integers(1, 20)), draw(st.integers(5, 25))
    total = die + stealth
    outcome = f" vs DC {against} {'success' if total >= against else 'failure'}"
    told = draw(st.sampled_from(["Something stings you.", f"You are down to {left}.", f"With {total} you slip by.",
                                 f"Of {most} stairs one gives.", "Nineteen rats, forty-two eyes."]))  # fmt: skip
    text = SCENARIO.format(
        world=draw(st.sampled_from(["The hills of Karrow.", "Karrow, and the Karrowan sea.", "A world."])),
        health=health, most=most, stealth=stealth, arcana=draw(st.integers(-5, 12)), armour=draw(st.integers(8, 20)),
        stealth_sum=f"{die} {plus(stealth)}(skill) = *{total}*{outcome if draw(st.booleans()) else ''}",
        carried="rope", told=told, lost=lost, left=left, gained=gained, end=min(most, left + gained),
    )  # fmt: skip
    compiled = compile_source("ai-training/scenarios/combat/x.md", text.encode(), VOCABULARY)
    assume(not compiled.findings)
    assert compiled.scenario
    return compiled.scenario


def told(scenario: Scenario) -> list[str]:
    """What is said and told, without calls and results."""
    return [
        turn.text if isinstance(turn, UserTurn) else " ".join(p.text for p in turn.parts if p.kind == "text")
        for turn in scenario.turns
    ]


def outcomes(scenario: Scenario) -> list[str]:
    """Of each result all but its numbers: the words, the DC and the outcome stay."""
    return [re.sub(r"-?\d+", "#", result.text.partition(" vs ")[0]) + result.text.partition(" vs ")[2]
            for result in results(scenario)]  # fmt: skip


def dice_of(scenario: Scenario) -> list[str]:
    return [r.body.split()[0] for r in results(scenario) if r.label != "health"]


@settings(deadline=None, max_examples=60)
@given(scenarios(), st.integers())
def test_party_values_vary_and_nothing_told_becomes_untrue(scenario: Scenario, seed: int) -> None:
    other = vary_party(scenario, random.Random(seed))
    assert not compile_source(other.path, write_scenario(other, VOCABULARY).encode(), VOCABULARY).findings
    assert told(other) == told(scenario)
    assert calls(other) == calls(scenario)
    assert outcomes(other) == outcomes(scenario)
    assert dice_of(other) == dice_of(scenario)
    assert vary_party(scenario, random.Random(seed)) == other
    spoken = numbers_spoken(scenario)
    for before, after in zip(results(scenario), results(other), strict=True):
        assert before == after or not {before.total, after.total} & spoken


@settings(deadline=None, max_examples=60)
@given(
    scenarios() | st.sampled_from(TRAINED),
    st.integers(1, 20),
    st.sets(st.sampled_from(ALL)),
    st.integers(),
)
def test_a_copy_knows_its_parent_stays_in_its_split_and_has_no_finding(
    scenario: Scenario, number: int, passes: set[str], seed: int
) -> None:
    asked = Augment.model_validate(dict.fromkeys(passes, number) | {"seed": seed})
    copy = derive(scenario, number, asked, VOCABULARY)
    assert copy == derive(scenario, number, asked, VOCABULARY)
    if copy is None:
        return
    assert (copy.id, copy.split) == (f"{scenario.id}~{number}", scenario.split)
    assert copy.category == scenario.category
    assert outcomes(copy) == outcomes(scenario)[: len(results(copy))] or "names" in passes
    text = write_scenario(copy.model_copy(update={"id": scenario.id}), VOCABULARY)
    assert not compile_source(copy.path, text.encode(), VOCABULARY).findings


def test_every_pass_accepts_the_whole_library() -> None:
    assert set(PASSES) == set(ALL)
    changed = dict.fromkeys(ALL, 0)
    for scenario in TRAINED:
        for name in ALL:
            other = PASSES[name](scenario, random.Random(scenario.id))
            if other == scenario:
                continue
            changed[name] += 1
            text = write_scenario(other, VOCABULARY).encode()
            assert not compile_source(scenario.path, text, VOCABULARY).findings, (scenario.id, name)
    assert changed["names"] >= 0.95 * len(TRAINED)
    assert changed["party"] >= 0.75 * len(TRAINED)
    assert changed["dice"] >= 0.5 * len(TRAINED)
    assert 0.3 * len(TRAINED) < changed["dialogue"] < 0.6 * len(TRAINED)


def compiled(text: str) -> Scenario:
    found = compile_source("ai-training/scenarios/combat/x.md", text.encode(), VOCABULARY)
    assert found.scenario
    return found.scenario


NUMBERS = {
    "world": "A world.", "health": 20, "most": 24, "stealth": 5, "arcana": 3, "armour": 14, "told": "It stings.",
    "stealth_sum": "12 + 5(skill) = *17* vs DC 15 success", "lost": 4, "left": 16, "gained": 3, "end": 19,
    "carried": "rope",
}  # fmt: skip


def seen(**changes: object) -> dict[str, set[str]]:
    """The values that a few copies of the scenario have, by what they are."""
    scenario = compiled(SCENARIO.format(**NUMBERS | changes))
    copies = [vary_party(scenario, random.Random(seed)) for seed in range(40)]
    values: dict[str, set[str]] = {"health": set(), "stealth": set(), "arcana": set(), "AC": set()}
    for copy in copies:
        lyra = copy.system.party[0]
        skills, armour = lyra.details
        values["health"].add(f"{lyra.health}/{lyra.max_health}")
        values["AC"].add(armour.value)
        for name, bonus in re.findall(r"(stealth|arcana) ([+-]\d+)", skills.value):
            values[name].add(bonus)
    return values


def test_values_vary_as_far_as_the_outcome_lasts() -> None:
    assert seen() == {
        "health": {"18/22", "19/23", "21/25", "22/26"},
        "stealth": {"+3", "+4", "+6", "+7"},
        "arcana": {"+1", "+2", "+4", "+5"},
        "AC": {"12", "13", "16"},
    }
    assert seen(stealth_sum="11 + 5(skill) = *16* vs DC 15 success")["stealth"] == {"+4", "+6", "+7"}
    assert seen(stealth_sum="9 + 5(skill) = *14* vs DC 15 failure")["stealth"] == {"+3", "+4"}


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        ({"told": "You are down to sixteen."}, {"health": {"20/24"}}),
        ({"told": "Twenty-four stairs."}, {"health": {"20/24"}}),
        ({"told": "A 17 does it."}, {"stealth": {"+5"}}),
        ({"told": "A +3 in magic is no help."}, {"arcana": {"+3"}}),
        ({"told": "It needs a 14 to hit you."}, {"AC": {"14"}}),
        ({"armour": "14 (leather)"}, {"AC": {"14 (leather)"}}),
        ({"armour": 15}, {"AC": {"15"}}),
        ({"armour": 16, "carried": "mace, chain mail"}, {"AC": {"16"}}),
        ({"armour": 18, "carried": "Plate Armour (old)"}, {"AC": {"18"}}),
        ({"armour": 13, "carried": "breastplate"}, {"AC": {"13"}}),
        ({"armour": 13, "carried": "Wooden shield"}, {"AC": {"13"}}),
        ({"stealth_sum": "12 + 5(skill) = *17*"}, {"stealth": {"+5"}}),
        ({"stealth_sum": "12 + 5 = *17* vs DC 15 success"}, {"stealth": {"+5"}}),
        ({"lost": 20, "left": 0, "end": 3}, {"health": {"20/24"}}),
    ],
)
def test_a_value_that_something_told_rests_on_stays(
    changes: dict[str, object], stays: dict[str, set[str]]
) -> None:
    found = seen(**changes)
    assert {key: found[key] for key in stays} == stays


def test_a_result_that_may_answer_two_calls_leaves_the_party_alone() -> None:
    result = "<TOOLCALL>stealth: 3 + 5(skill) = *8* vs DC 15 failure</TOOLCALL>"
    text = SCENARIO.format(**NUMBERS | {"told": "Again. [roll: stealth] And [roll: stealth]"})
    scenario = compiled(text.replace("It hurts.", f"{result}\n\n{result}"))
    assert answered_calls(scenario) is None
    assert vary_party(scenario, random.Random(1)) == scenario


def test_numbers_are_spoken_in_digits_and_in_words() -> None:
    scenario = compiled(
        SCENARIO.format(**NUMBERS | {"told": "Forty-two rats, Seven eyes, twenty 3rds, someone, 160."})
    )
    assert numbers_spoken(scenario) == {42, 7, 20, 3, 160}


class Always(random.Random):
    """Dice that always cut."""

    def random(self) -> float:
        """The least there is."""
        return 0.0


def test_dialogue_ends_before_the_first_call_with_a_reply() -> None:
    cut = [cut_to_dialogue(scenario, Always()) for scenario in TRAINED]
    shorter = [(one, whole) for one, whole in zip(cut, TRAINED, strict=True) if one != whole]
    assert len(shorter) > 0.8 * len(TRAINED)
    for one, whole in shorter:
        assert not calls(one)
        assert isinstance(one.turns[-1], DmTurn)
        assert one.turns == whole.turns[: len(one.turns)]
        assert any(turn.role == "user" for turn in one.turns)
        assert not any(isinstance(p, Result) for t in one.turns if isinstance(t, DmTurn) for p in t.parts)
    at_once = compiled(SCENARIO.format(**NUMBERS))
    assert cut_to_dialogue(at_once, Always()) == at_once


@pytest.mark.parametrize(
    ("world", "found"),
    [
        ("The hills of Karrow.", ["Karrow"]),
        ("The hills of Karrow, which the karrow crosses.", []),
        ("The hills of Karrow, in the Karrowan sea.", []),
        ("At dawn, in Port Sabra.", ["Sabra"]),
        ("In the shop of Widow Tansy, at Hjordis's yard.", []),
        ("On Thursday in the Spindle.", []),
        ("On Karrow.", []),
        ("The farm of Geirmund. Geirmund wants three cows.", []),
        ('The farm of Geirmund.\nGeirmund: "Three cows."', []),
        ('The farm of Geirmund. "Three cows," says Geirmund.', []),
        ("The farm of Anselm. Anselm counts sixty into your palm.", []),
        ("The farm of Anselm. The cows are Farmer Anselm's.", []),
        ("The farm of Anselm. The cows are old Farmer Anselm's.", []),
        ('The hall of Orsolya. "Chess?" asks Dame Orsolya.', []),
        ("The mask of Shanakhet. It was queen Shanakhet's.", []),
        ("The house of Vasuki. An orrery of Astronomer Vasuki's.", []),
        ("The abbey of Saint Orm.", []),
        ("The road to Fim da Linha.", []),
        ("The road to Fim, short for Fim da Linha.", []),
        ("The road to Pau d'Alho, from Baile na Cille.", []),
        ("The shop of Lenz & Sons.", []),
        ("The road to Karrow of the Seven Hills.", []),
        ("The road from Post House. You knock and say: POST!", []),
        ("The road to Karrow. Back to KARROW!", ["Karrow"]),
        ("The road to Karrow. BACK TO KARROW!", ["Karrow"]),
    ],
)
def test_which_words_name_a_place(world: str, found: list[str]) -> None:
    system = System(role="DM", world=world, party=(), span=shipped()[0].system.span)
    assert place_names(system, world, set(re.findall(r"[^\W\d_]+", world))) == found


def test_a_shouted_name_is_swapped_too() -> None:
    text = SCENARIO.format(**NUMBERS).replace("I drink.", "LYRA, DRINK!\n\nWidow waits, Lyra thinks.")
    other = write_scenario(PASSES["names"](compiled(text), random.Random(2)), VOCABULARY)
    name = re.findall(r"\*\*(\w+)\*\* \(player\)", other)[0]
    assert name in SHIPPED_NAMES
    assert f"{name.upper()}, DRINK!" in other
    assert f"Widow waits, {name} thinks." in other
    assert "LYRA" not in other.upper()


def test_a_name_at_the_beginning_of_a_line_is_seen() -> None:
    free, *taken = (name for name in names_for("either") if name[0] not in "AEIOU")
    said = "\n\n".join(f"{name} waits." for name in taken)
    text = SCENARIO.format(**NUMBERS).replace("I drink.", f"I drink.\n\n{said}")
    other = write_scenario(PASSES["names"](compiled(text), random.Random(2)), VOCABULARY)
    assert sum(f"**{name}**" in other for name in (free, "Lyra", "Borin")) == 2
    assert f"**{free}**" in other


def test_places_are_swapped_everywhere() -> None:
    scenario = next(s for s in shipped() if s.id.endswith("a-map-with-a-hole-in-it"))
    other = PASSES["names"](scenario, random.Random(2))
    text = write_scenario(other, VOCABULARY)
    assert "Manacor" in write_scenario(scenario, VOCABULARY)
    assert "Manacor" not in text
    assert sum(f"Port {place}" in text for place in shipped_places()) == 1
