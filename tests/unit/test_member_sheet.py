"""A member's sheet as a whole: nothing of it is lost, and what contradicts itself is named."""

from __future__ import annotations

import pytest
from loresmith.check.file import compile_source
from loresmith.format.source import format_text
from loresmith.ir.scenario import Member
from loresmith.ir.vocabulary import load_vocabulary

from tests.unit.test_member_line import PATH, TEXT

LYRA = "- Lyra (player): Elf Ranger, level 3, HP 24/28"
FIRST_LINE = TEXT.split("- {line}", maxsplit=1)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("party", "inventory"),
    [
        (f"{LYRA}\n  - Equipment: longsword\n  - Inventory: rope", "longsword, rope"),
        (f"{LYRA}\n  - Items: bow, rope\n  - Equipment: lamp\n  - Inventory: Bow, rope", "bow, rope, lamp"),
        (f"{LYRA}, Inventory: bow, sack\n  - Items:\n    - rope\n    - lamp", "bow, sack, rope, lamp"),
        (
            "|Name|Items|Class|Level|HP|Equipment|\n|-|-|-|-|-|-|\n|Lyra|bow|Bard|3|9|rope, lamp|",
            "bow, rope, lamp",
        ),
        ("- Name: Lyra\n- Class: Bard\n- Level: 3\n- HP: 9\n- Items: bow\n- Inventory: none", "bow"),
    ],
)
def test_inventories_are_joined(party: str, inventory: str) -> None:
    assert ", ".join(members_of(party)[0].inventory) == inventory


@pytest.mark.parametrize(
    ("written", "items"),
    [
        ("rope; torch; lamp", ["rope", "torch", "lamp"]),
        ("rope, torch; lamp;", ["rope", "torch", "lamp"]),
        (
            "rope (50 ft; silk); sword (+4; 1d6+2), torch",
            ["rope (50 ft; silk)", "sword (+4; 1d6+2)", "torch"],
        ),
        ("bag (with a rope (silk; old); torn); lamp", ["bag (with a rope (silk; old); torn)", "lamp"]),
        ('note "here; at dawn"; “x; y”; lamp', ['note "here; at dawn"', "“x; y”", "lamp"]),
        ('pole 6"; knife 3"; lamp', ['pole 6"', 'knife 3"', "lamp"]),
        ("sack (torn; lamp", ["sack (torn", "lamp"]),
    ],
)
def test_semicolons_part_items(written: str, items: list[str]) -> None:
    assert list(members_of(f"{LYRA}\n  - Inventory: {written}")[0].inventory) == items


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ("Level: 3\n  - HP: 24 / 28\n  - Name: Lyra\n  - Class: ranger\n  - Race: Elf", ""),
        ("Class: Ranger", ""),
        ("Race: Elf\n  - Race:", ""),
        ("Skills: nature +1\n  - Skills: stealth +2", "Skills: nature +1; Skills: stealth +2"),
        ("Trait: brave\n  - Trait: brave", "Trait: brave; Trait: brave"),
    ],
)
def test_what_is_said_again_is_no_matter(rows: str, kept: str) -> None:
    member = members_of(f"{LYRA}\n  - {rows}")[0]
    assert f"{member.race} {member.character_class}".lower() == "elf ranger"
    assert (member.level, member.health, member.max_health) == (3, 24, 28)
    assert "; ".join(f"{detail.name}: {detail.value}" for detail in member.details) == kept


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("Blood Hunter, level 3, HP 9\n  - Race: Elf", ("Elf", "Blood Hunter")),
        ("Elf Scout, level 3, HP 9\n  - Race: Elf", ("Elf", "Scout")),
        ("an ageing fighter, level 3, HP 9\n  - Race: Elf\n  - Class: Bard", ("Elf", "Bard")),
    ],
)
def test_words_of_the_line_beside_keys(line: str, who: tuple[str, str]) -> None:
    member = members_of(f"- Lyra (player): {line}")[0]
    assert (member.race, member.character_class) == who


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("Level: 5", "5: Lyra's level is given twice: 3 and 5."),
        ("HP: 3/9", "5: Lyra's health is given twice: 24/28 and 3/9."),
        ("Class: Wizard", "5: Lyra's class is given twice: Ranger and Wizard."),
        ("Race: Dwarf", "5: Lyra's race is given twice: Elf and Dwarf."),
        ("Name: Lyra Vale", "5: Lyra's name is given twice: Lyra and Lyra Vale."),
        ("XP: 9\n  - Experience: 8", "5: Lyra's experience is given twice: 9 and 8."),
    ],
)
def test_two_values_of_a_field(rows: str, found: str) -> None:
    party = f"{LYRA}\n  - {rows}"
    assert findings_of(party) == [f"{FIRST_LINE + party.count(chr(10))}:{found}"]


@pytest.mark.parametrize(
    "marked",
    [
        "Lyra (PC)", "**Lyra (pc)**", "Lyra (the player)", "Lyra (Player Character)", "**Lyra** (*The Player*)",
        "Lyra (PC, HP 9)",
    ],
)  # fmt: skip
def test_marks_of_the_player(marked: str) -> None:
    members = members_of(f"- Bo: Elf Bard, level 1, HP 3\n- {marked}: Elf Ranger, level 3, HP 9")
    assert [(m.name, m.player, m.race, m.character_class) for m in members] == [
        ("Bo", False, "Elf", "Bard"),
        ("Lyra", True, "Elf", "Ranger"),
    ]


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("Bo (NPC): Elf Bard, level 1, HP 3", "NPC"),
        ("Bo (NPC, Elf Bard, level 1, HP 3)", "NPC"),
        ("**Bo** (non-player character): Elf Bard, level 1, HP 3, shy", "non-player character, shy"),
    ],
)
def test_who_the_dm_plays_is_noted(line: str, note: str) -> None:
    member = members_of(f"- {line}\n- Lyra (PC): Elf Ranger, level 3, HP 9")[0]
    assert (member.player, member.race, member.character_class) == (False, "Elf", "Bard")
    assert [(detail.name, detail.value) for detail in member.details] == [("Note", note)]


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ("Bo (PC)", "Two members are marked as the player: Lyra and Bo."),
        ("Bo [player]", "The mark [player] stands in brackets."),
        ("**Bo** [PC]", "The mark [PC] stands in brackets."),
    ],
)
def test_marks_that_cannot_be(second: str, found: str) -> None:
    assert findings_of(f"{LYRA}\n- {second}: Elf Bard, level 1, HP 3") == [f"{FIRST_LINE + 1}:3: {found}"]


@pytest.mark.parametrize(
    "party",
    [
        "|Name|Class|Level|HP|Max HP|\n|-|-|-|-|-|\n|Lyra|Bard|3|24|28|",
        "- Lyra: Elf Bard, level 3\n  - HP: 24\n  - Max HP: 28",
        "- Lyra: Elf Bard, level 3\n  - Maximum Health: 28\n  - Health: 24/28",
        "- Lyra: Elf Bard, level 3\n  - HP: 24\n    - maximum hp: 28",
        "- Lyra: Elf Bard, level 3, HP 24, Max HP 28",
        "- Lyra: Elf Bard, level 3, HP Max: 28, HP: 24",
        "- Lyra: Elf Bard max health 28, level 3, health 24",
    ],
)
def test_the_maximum_may_have_a_key(party: str) -> None:
    member = members_of(party)[0]
    assert (member.health, member.max_health, member.details) == (24, 28, ())


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("Max HP: 30", "Health 24/28 has another maximum than 30."),
        ("Max HP: 28 (+4)", "Max HP is one number, not '28 (+4)'."),
        ("Max HP: 28\n  - HP Max: 30", "Lyra's maximum health is given twice: 28 and 30."),
    ],
)
def test_maxima_that_cannot_be(rows: str, found: str) -> None:
    party = f"{LYRA}\n  - {rows}"
    assert findings_of(party) == [f"{FIRST_LINE + party.count(chr(10))}:5: {found}"]


def test_health_above_its_maximum_and_a_maximum_alone() -> None:
    place = f"{FIRST_LINE + 1}:5: "
    above = findings_of("- Lyra: Elf Bard, level 3, HP 24\n  - Max HP: 20")
    assert above == [f"{place}Health 24/20 is above its maximum or has none."]
    alone = findings_of("- Lyra: Elf Bard, level 3\n  - Max HP: 20")
    assert alone == [f"{FIRST_LINE}:3: Lyra has no health."]


TABLE = "|Name|Class|Level|HP|\n|-|-|-|-|\n|Lyra|Bard|3|9|"


@pytest.mark.parametrize("row", [f"{TABLE} rope |", f"{TABLE}| rope", f"{TABLE} x | y |"])
def test_cells_that_no_column_is_for(row: str) -> None:
    found = f"{FIRST_LINE + 2}:1: This row has more cells than the table's head."
    assert findings_of(row) == [found]


def test_what_stands_below_no_heading_is_a_note() -> None:
    member = members_of("|Name|Class|Level|HP||\n|-|-|-|-|-|\n|Lyra|Bard|3|9|limps|")[0]
    assert [(detail.name, detail.value) for detail in member.details] == [("Note", "limps")]


def test_empty_cells_beyond_the_head_are_no_matter() -> None:
    assert members_of(f"{TABLE} | |")[0].character_class == "Bard"


def members_of(party: str) -> tuple[Member, ...]:
    """The members of a party, the same as of its canonical form."""
    text = TEXT.replace("- {line}", party)
    formatted = format_text(PATH, text, load_vocabulary()).text
    assert formatted is not None, findings_of(party)
    assert format_text(PATH, formatted, load_vocabulary()).text == formatted
    scenario = compile_source(PATH, text.encode(), load_vocabulary()).scenario
    assert scenario is not None
    return scenario.system.party


def findings_of(party: str) -> list[str]:
    """What SC205 says of a party, each with its line and column."""
    found = compile_source(PATH, TEXT.replace("- {line}", party).encode(), load_vocabulary()).findings
    assert {one.code for one in found} <= {"SC205"}
    return [f"{one.line}:{one.column}: {one.message}" for one in found]
