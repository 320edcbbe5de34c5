"""A member's own line: who it is, and what belongs to which list."""

from __future__ import annotations

import pytest
from loresmith.check.file import compile_source
from loresmith.format.source import format_text
from loresmith.ir.scenario import Member
from loresmith.ir.vocabulary import load_vocabulary

PATH = "scenarios/combat/a.md"
TEXT = """# SYSTEM

## Role

You are the Dungeon Master.

## World

The coast.

## Location

A crypt.

## Party

- {line}

# User

I act.

# DM

Dust falls.
"""
WHO = [
    ("Elf Ranger, level 3, HP 9", "Elf Ranger 3"),
    ("Elf, Ranger, outlander, level 3, HP 9", "Elf Ranger 3; Note: outlander"),
    ("Ranger, Elf, level 3, HP 9", "Elf Ranger 3"),
    ("Elf, level 3, Ranger, HP 9", "Elf Ranger 3"),
    ("Elf, level 3, Artisan, HP 9", "Elf Artisan 3"),
    ("level 3, Owl Scout, HP 9, quiet", "Owl Scout 3; Note: quiet"),
    ("Elf Ranger level 3 HP 9", "Elf Ranger 3"),
    ("Elf Ranger (level 3), HP 9", "Elf Ranger 3"),
    ("Dwarf Fighter (Champion, level 3), HP 9", "Dwarf Fighter (Champion) 3"),
    ("Gnome Fighter 1/Wizard 2, level 3, HP 9", "Gnome Fighter 1/Wizard 2 3"),
    ("Elf, Alignment: Neutral Good, Ranger, level 3, HP 9", "Elf Ranger 3; Alignment: Neutral Good"),
    ("HP 9, Spells: light, mage hand, Elf Ranger, level 3", "Elf Ranger 3; Spells: light, mage hand"),
    ("Hill Dwarf, Noble, level 3, HP 9", "Hill Dwarf Noble 3"),
    ("Ranger, level 3, HP 9, she limps", "None Ranger 3; Note: she limps"),
    ("Owl Scout, level 3, HP 9, bound to the wizard", "Owl Scout 3; Note: bound to the wizard"),
    ("Race: Gnome, Class: Wizard, Level: 3, HP: 9, shy", "Gnome Wizard 3; Note: shy"),
    ("Gnome, Class: Wizard, level 3, HP 9, shy", "Gnome Wizard 3; Note: shy"),
    ("Elf Bard, level 3. Has a sling, and no stones, HP 9", "Elf Bard 3; Note: Has a sling, and no stones"),
]
LISTS = [
    (
        "Skills: perception +5, stealth +7, Spells: light, mage hand",
        "Skills: perception +5, stealth +7; Spells: light, mage hand",
    ),
    ("Skills: perception +5, DEX 14, nature +1", "Skills: perception +5, nature +1; Abilities: DEX 14"),
    ("Skills: Perception: +5, Stealth: +7", "Skills: Perception +5, Stealth +7"),
    ("Saves: INT +5, WIS +3, stealth + 7", "Saves: INT +5, WIS +3, stealth + 7"),
    ("Alignment: Chaotic Good, stealth +7", "Alignment: Chaotic Good; Skills: stealth +7"),
    (
        "thieves’ tools +7, vehicles (land) +3, stealth + 1",
        "Skills: thieves’ tools +7, vehicles (land) +3, stealth +1",
    ),
    (
        "STR 10 DEX 16 (+3), CON save +5, initiative +3",
        "Abilities: STR 10, DEX 16 (+3); Saves: CON +5; Initiative: +3",
    ),
    (
        "Attack: longbow +7 (range: 150), dagger +5 (range: 20)",
        "Attack: longbow +7 (range: 150), dagger +5 (range: 20)",
    ),
    ("Trait: brave, slew a level 9 ogre", "Trait: brave, slew a level 9 ogre"),
    ("Spell Slots: level 1: 4, level 2: 2", "Spell Slots: level 1: 4, level 2: 2"),
    ("Spells: light, shield (level 1)", "Spells: light, shield (level 1)"),
    ("Gold: 1,250, stealth +7", "Gold: 1,250; Skills: stealth +7"),
    ("12 gp, longsword +1", "Gold: 12; Note: longsword +1"),
    ("**Inventory:** rope, sack; Gold: 12; shy", "Inventory: rope, sack; Gold: 12; Note: shy"),
]


@pytest.mark.parametrize(("line", "means"), WHO)
def test_race_and_class(line: str, means: str) -> None:
    member = member_of(f"Lyra (player): {line}")
    assert f"{member.race} {member.character_class} {member.level}{''.join(details(member))}" == means


@pytest.mark.parametrize(("line", "means"), LISTS)
def test_lists_scores_and_bonuses(line: str, means: str) -> None:
    member = member_of(f"Lyra (player): Elf Ranger, level 3, HP 9, {line}")
    assert (member.race, member.character_class, member.level) == ("Elf", "Ranger", 3)
    items = f"; Inventory: {', '.join(member.inventory)}" if member.inventory else ""
    assert "".join((items, *details(member))) == f"; {means}"


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("Lyra (Elf, Pronouns: she/her): Ranger, level 3, HP 9", "; Pronouns: she/her"),
        ("Lyra (HP: 9, Spells: light, mage hand): Elf Ranger, level 3", "; Spells: light, mage hand"),
        ("Lyra (player, HP 9, Saves: INT +5, WIS +3): Elf Ranger, level 3", "; Saves: INT +5, WIS +3"),
        ("Lyra (HP 9, perception +5): Elf Ranger, level 3", "; Skills: perception +5"),
        ("Lyra: Elf Ranger, level 3, HP 9, Trait: shy, player", "; Trait: shy"),
    ],
)
def test_parentheses_end_their_lists(line: str, means: str) -> None:
    member = member_of(line)
    assert (member.race, member.character_class, member.level) == ("Elf", "Ranger", 3)
    assert "".join(details(member)) == means


def test_the_player_is_named_anywhere_on_the_line() -> None:
    text = TEXT.format(line="Zed: Elf Bard, level 1, HP 3\n- Bo: Elf Bard, level 1, HP 3, Trait: shy, player")
    scenario = compile_source(PATH, text.encode(), load_vocabulary()).scenario
    assert scenario is not None
    assert [member.player for member in scenario.system.party] == [False, True]


def test_keys_below_say_who_it_is() -> None:
    rows = "\n  - Race: Elf\n  - Class: Ranger\n  - Skills: nature +1"
    member = member_of(f"Lyra (player): level 3, HP 9, perception +5, shy{rows}")
    assert (member.race, member.character_class) == ("Elf", "Ranger")
    assert details(member) == ["; Skills: nature +1, perception +5", "; Note: shy"]


def member_of(line: str) -> Member:
    """The first member of a party, the same as of its canonical form."""
    text = TEXT.format(line=line)
    member = compiled(text)
    formatted = format_text(PATH, text, load_vocabulary()).text
    assert formatted is not None
    assert plain(compiled(formatted)) == plain(member)
    return member


def compiled(text: str) -> Member:
    scenario = compile_source(PATH, text.encode(), load_vocabulary()).scenario
    assert scenario is not None
    return scenario.system.party[0]


def plain(member: Member) -> tuple[object, ...]:
    return member.race, member.character_class, member.level, member.inventory, details(member), member.player


def details(member: Member) -> list[str]:
    return [f"; {detail.name}: {detail.value}" for detail in member.details]
