"""Party members as the canonical form lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loresmith.elaborate.race_and_class import Person, person_of
from loresmith.ir.scenario import Member
from loresmith.syntax.member import Entry, MemberSyntax
from loresmith.syntax.member_line import member_of


class PartyLine(NamedTuple):
    """A line of the party list, and where in the source that stood which it says."""

    text: str
    offset: int


def member_lines(member: Member, written: MemberSyntax, classes: Sequence[str]) -> list[PartyLine]:
    """The member's lines: who it is, then its values. A class that the words of the first line couldn't be told
    apart from the race has a line of its own."""
    words = " ".join(filter(None, (member.race, member.character_class)))
    name = f"**{member.name}**{' (player)' if member.player else ''}"
    head = f"{name}: {words}, level {member.level}"
    told_apart = person_of(member_of(head, 0), classes) == Person(member.race, member.character_class)
    values = list[tuple[str, str]]()
    if not told_apart:
        values += [("Race", member.race)] if member.race else []
        values += [("Class", member.character_class)]
    values += [("Health", f"{member.health}/{member.max_health}")]
    values += [("Experience", str(member.experience))] if member.experience is not None else []
    values += [("Inventory", ", ".join(member.inventory))] if member.inventory else []
    values += [(detail.name, detail.value) for detail in member.details]
    head = f"- {head if told_apart else f'{name}: level {member.level}'}"
    lines = [PartyLine(head, written.range.start)]
    return lines + [PartyLine(f"  - {key}: {value}".rstrip(), _offset(key, written)) for key, value in values]


def _offset(key: str, written: MemberSyntax) -> int:
    """Where the entry of that key stood; the member's own place for one that the first line held."""
    found: Entry | None = None
    for entry in written.entries:
        if entry.key.lower() == key.lower() or key.lower().startswith(_FULL.get(entry.key.lower(), "\0")):
            found = entry
    return found.range.start if found else written.range.start


_FULL = {
    "hp": "health",
    "hit points": "health",
    "xp": "experience",
    "exp": "experience",
    "items": "inventory",
    "equipment": "inventory",
}
"""The canonical keys of those that have aliases."""
