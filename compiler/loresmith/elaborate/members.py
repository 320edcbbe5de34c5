"""Members as written to members as meant: race and class told apart, numbers read, the rest kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from loresmith.diagnostics.diagnostic import Findings
from loresmith.diagnostics.span import Span
from loresmith.elaborate.line_details import ABILITIES, with_pieces
from loresmith.elaborate.race_and_class import person_of
from loresmith.elaborate.repeats import contradictions, fields_of, inventories
from loresmith.ir.numbers import TOLD_DIGITS
from loresmith.ir.scenario import Detail, Member
from loresmith.syntax.keywords import MEMBER_KEYS, PLAYER_MARKS, comparable
from loresmith.syntax.member import Entry, MemberSyntax
from loresmith.syntax.source import Source
from loresmith.syntax.tree import Range

MAX_LEVEL = 20
_DIGITS = rf"\d{{1,{TOLD_DIGITS}}}"
_RECKONED = (
    "gold", "skills", "abilities", "saves", "save", "saving throws", "attack", "attacks", "attack bonus",
    "initiative", "ac", "armor class", "armour class", *(ability.lower() for ability in ABILITIES),
)  # fmt: skip
"""The further entries whose numbers the checker or the engine reads."""
_MARK_IN_BRACKETS = re.compile(rf"\[(?:{'|'.join(PLAYER_MARKS)})\]", re.I)
_BETWEEN_COMMAS = re.compile(r"(?:\([^()]*\)|[^,(]|\()+")
_PARENTHESIS = r"\((?:[^()]|\([^()]*\))*\)"
_QUOTED = rf'(?<![^\s(,;])"(?:[^"()]|{_PARENTHESIS})*"|“(?:[^“”()]|{_PARENTHESIS})*”'
"""Words in quotation marks; the mark of an inch, which stands behind a number, opens none."""
_BETWEEN_SEMICOLONS = re.compile(rf'(?:{_PARENTHESIS}|{_QUOTED}|[^;(“"]|[(“"])+')
_EMPTY = ("", "none", "-", "empty", "nothing")


class MemberElaborator:
    """Makes members of what the party text names; `lists` are the vocabulary's."""

    def __init__(self, source: Source, lists: Mapping[str, Sequence[str]], findings: Findings) -> None:
        self.source = source
        self.lists = lists
        self.findings = findings

    def member(self, syntax: MemberSyntax, player: str | None) -> Member | None:
        """The member, or None where a required field is missing or one is invalid (SC205); `player` is the player
        character's name."""
        if self._is_misread(syntax):
            return None
        person = person_of(syntax, self.lists.get("classes", ()))
        syntax = syntax._replace(entries=with_pieces(syntax.entries, person.rest, self.lists))
        fields = fields_of(syntax.entries)
        known = {key: entries[0] for key, entries in fields.items()}
        job = person.character_class
        level = self._level(known.get("level"))
        health = self._health(known.get("health"), known.get("maximum health"))
        experience = self._experience(known.get("experience"))
        readable = self._numbers_fit(syntax) and self._agrees(syntax, person.said)
        readable = not self._is_second_player(syntax, player) and readable
        missing = [] if syntax.name else ["name"]
        missing += [] if job and re.search(r"[^\W\d_]", job) else ["class"]
        missing += [key for key in ("level", "health") if key not in known]
        for field in missing:
            message = f"{syntax.name or 'A member'} has no {field}."
            self.findings.add("SC205", self._span(syntax), message, _HINTS[field])
        if missing or job is None or level is None or health is None or experience == -1 or not readable:
            return None
        return Member(
            name=syntax.name,
            player=syntax.name == player,
            race=person.race,
            character_class=job,
            level=level,
            health=health[0],
            max_health=health[1],
            experience=experience,
            inventory=tuple(item for value in inventories(fields) for item in _items(value)),
            details=self._details(syntax),
            span=self._span(syntax),
        )

    def _is_misread(self, syntax: MemberSyntax) -> bool:
        """Whether a row has cells too many, or a name has a mark in brackets (SC205): what else is amiss may follow."""
        if syntax.overlong_row:
            self.findings.add("SC205", self._span_of(syntax.overlong_row), _OVERLONG, _OVERLONG_HINT)
        elif bracket := _MARK_IN_BRACKETS.search(syntax.name):
            message = f"The mark {bracket[0]} stands in brackets."
            self.findings.add("SC205", self._span(syntax), message, "Write - **Lyra** (player): Elf Ranger.")
        else:
            return False
        return True

    def _is_second_player(self, syntax: MemberSyntax, player: str | None) -> bool:
        """Whether another member is marked as the player already (SC205)."""
        if not syntax.player or not player or syntax.name == player:
            return False
        message = f"Two members are marked as the player: {player} and {syntax.name}."
        self.findings.add("SC205", self._span(syntax), message, "Keep the mark of one.")
        return True

    def _level(self, entry: Entry | None) -> int | None:
        if entry is None:
            return None
        if re.fullmatch(r"\d{1,3}", entry.value) and 1 <= int(entry.value) <= MAX_LEVEL:
            return int(entry.value)
        return self._invalid(entry, f"The level is {entry.value!r}; it runs from 1 to {MAX_LEVEL}.")

    def _health(self, entry: Entry | None, most: Entry | None) -> tuple[int, int] | None:
        """The health and its maximum, which may have an entry of its own."""
        if entry is None:
            return None
        match = re.fullmatch(rf"({_DIGITS})(?:\s*/\s*({_DIGITS}))?", entry.value)
        if match is None:
            return self._invalid(entry, f"Health is current/maximum or one number, not {entry.value!r}.")
        if most and not re.fullmatch(_DIGITS, most.value):
            return self._invalid(most, f"{most.key} is one number, not {most.value!r}.")
        if most and match[2] and int(match[2]) != int(most.value):
            return self._invalid(most, f"Health {entry.value} has another maximum than {most.value}.")
        current, maximum = int(match[1]), int(most.value if most else match[2] or match[1])
        if current > maximum or maximum == 0:
            said = f"{current}/{maximum}" if most else entry.value
            return self._invalid(most or entry, f"Health {said} is above its maximum or has none.")
        return current, maximum

    def _experience(self, entry: Entry | None) -> int | None:
        """The experience, None where it isn't given, -1 where it is invalid."""
        if entry is None or re.fullmatch(_DIGITS, entry.value):
            return int(entry.value) if entry else None
        self._invalid(entry, f"Experience is a whole number from 0, not {entry.value!r}.")
        return -1

    def _numbers_fit(self, syntax: MemberSyntax) -> bool:
        """Whether no further entry that is reckoned with has a number that is too long for that (SC205)."""
        further = (entry for entry in syntax.entries if comparable(entry.key) in _RECKONED)
        long = [(entry, problem) for entry in further if (problem := _length_problem(entry))]
        for entry, problem in long:
            self._invalid(entry, problem)
        return not long

    def _agrees(self, syntax: MemberSyntax, said: Sequence[Entry]) -> bool:
        """Whether no known field is given twice with two values (SC205); `said` is what the own line's words say."""
        name = [Entry("Name", syntax.name, syntax.range)] if syntax.name else []
        entries = sorted([*name, *said, *syntax.entries], key=lambda entry: entry.range.start)
        found = list(contradictions(fields_of(entries)))
        for field, first, second in found:
            who = f"{syntax.name}'s" if syntax.name else "A member's"
            message = f"{who} {field} is given twice: {first.value} and {second.value}."
            self.findings.add("SC205", self._span(second), message, "Keep one.")
        return not found

    def _details(self, syntax: MemberSyntax) -> tuple[Detail, ...]:
        """Every further entry as written; ability scores on lines of their own become Abilities."""
        others = [e for e in syntax.entries if comparable(e.key) not in MEMBER_KEYS]
        scores = [e for e in others if e.key.upper() in ABILITIES]
        details = [Detail(name=e.key, value=e.value, span=self._span(e)) for e in others if e not in scores]
        if scores:
            value = ", ".join(f"{e.key.upper()} {e.value}" for e in scores)
            details.append(Detail(name="Abilities", value=value, span=self._span(scores[0])))
        return tuple(details)

    def _invalid(self, entry: Entry, message: str) -> None:
        self.findings.add("SC205", self._span(entry), _length_problem(entry) or message)

    def _span(self, syntax: MemberSyntax | Entry) -> Span:
        return self._span_of(syntax.range)

    def _span_of(self, place: Range) -> Span:
        return self.source.span(place.start, place.end)


_OVERLONG = "This row has more cells than the table's head."
_OVERLONG_HINT = r"Name every column in the head; a bar within a cell is written \|."
_HINTS = {
    "name": "Begin with the name: - **Lyra**: Elf Ranger, level 3.",
    "class": "Write race and class after the name: Elf Ranger, level 3; scores and skills behind commas.",
    "level": "Write it after the class: Elf Ranger, level 3.",
    "health": "Add a line - Health: 24/28 below the name.",
}


def _length_problem(entry: Entry) -> str | None:
    """The reason why a number can't be reckoned with; commas part thousands in a purse."""
    text = re.sub(r"(?<=\d),(?=\d)", "", entry.value) if comparable(entry.key) == "gold" else entry.value
    if re.search(rf"\d{{{TOLD_DIGITS + 1}}}", text) is None:
        return None
    return f"{entry.key} has a number of more than {TOLD_DIGITS} digits."


def _items(text: str) -> tuple[str, ...]:
    """The items of an inventory: commas and semicolons part them, but not inside parentheses, and semicolons not inside
    quotation marks."""
    parts = (part for group in _BETWEEN_SEMICOLONS.findall(text) for part in _BETWEEN_COMMAS.findall(group))
    items = (" ".join(part.split()).rstrip(".") for part in parts)
    return tuple(item for item in items if item.lower().strip("_*") not in _EMPTY)
