"""Headings, the keys of front matter, and the fields of party members."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lsprotocol.types import CompletionItemKind

from loresmith.elaborate.front_matter import KEYS
from loresmith.language_server.analysis import Analysis
from loresmith.language_server.offer import Offer, Offered
from loresmith.syntax.keywords import FIELDS, comparable
from loresmith.syntax.tree import SystemSection, TurnSection

SYSTEM_FIELDS = ("Role", "World", "Location", "Party")
MEMBER_FIELDS = ("Health", "Experience", "Inventory", "Skills", "Abilities", "Conditions", "Spells", "AC")
CATEGORIES = ("combat", "exploration", "roleplay", "puzzle", "social", "survival")
_VALUES = {"split": ("train", "eval", "test"), "category": CATEGORIES}
_HEADING = re.compile(r" {0,3}(#{1,6})([ \t]*)(.*)$")
_KEY = re.compile(r"(\w*)$")
_VALUE = re.compile(r"(\w+):[ \t]*(\S*)$")
_MEMBER_FIELD = re.compile(r"[ \t]*[-*+][ \t]+((?:\w[\w ]*)?)$")


def front_matter(analysis: Analysis, offset: int) -> Offered | None:
    """The keys of the front matter that aren't there yet, and the values of those that have few."""
    place = analysis.document.front_matter
    if place is None or not place.start <= offset <= place.end:
        return None
    line = analysis.line_before(offset)
    if key := _KEY.fullmatch(line):
        inside = analysis.source.text[place.start : place.end]
        free = [name for name in KEYS if not re.search(rf"^{name}[ \t]*:", inside, re.M)]
        return _offered(offset - len(key[1]), CompletionItemKind.Property, free, ": ")
    value = _VALUE.fullmatch(line)
    if value is None:
        return Offered(offset, ())
    return _offered(offset - len(value[2]), CompletionItemKind.EnumMember, _VALUES.get(value[1], ()))


def headings(analysis: Analysis, offset: int) -> Offered | None:
    """The sections, fields or speakers that a heading of this level may open here."""
    match = _HEADING.fullmatch(analysis.line_before(offset))
    if match is None:
        return None
    start = offset - len(match[3])
    words = _heading_words(analysis, len(match[1]), start - len(match[2]) - len(match[1]))
    kind = CompletionItemKind.Keyword
    offers = tuple(Offer(word, kind, word if match[2] else f" {word}", detail) for word, detail in words)
    return Offered(start, offers)


def member_fields(analysis: Analysis, offset: int) -> Offered | None:
    """The keys of a member's list in the party."""
    match = _MEMBER_FIELD.fullmatch(analysis.line_before(offset))
    field = analysis.field_at(offset)
    key = FIELDS.get(comparable(field.head.title)) if field else None
    if match is None or key not in ("party", "player"):
        return None
    # At the margin a party's list has its members, the player's its fields.
    if key == "party" and match[0][0] not in " \t":
        return None
    names = ("Name", "Race", "Class", "Level", *MEMBER_FIELDS) if key == "player" else MEMBER_FIELDS
    return _offered(offset - len(match[1]), CompletionItemKind.Property, names, ": ")


def _heading_words(analysis: Analysis, level: int, start: int) -> list[tuple[str, str]]:
    """Words with what they open, for a heading of a level that begins at `start`."""
    document = analysis.document
    system = next((s for s in document.sections if isinstance(s, SystemSection)), None)
    if system is None:
        return [("SYSTEM", "section")]
    turns = [s for s in document.sections if isinstance(s, TurnSection) and s.head.range.start != start]
    turn_level = next((turn.head.level for turn in turns if turn.head.level), system.head.level or 1)
    in_system = not any(turn.head.range.start < start for turn in turns)
    words = list[tuple[str, str]]()
    if in_system and level > system.head.level:
        there = {FIELDS.get(comparable(f.head.title)) for f in system.fields if f.head.range.start != start}
        words += [(name, "field") for name in SYSTEM_FIELDS if FIELDS[name.lower()] not in there]
    if level == turn_level:
        words += [("User", "turn"), ("DM", "turn")]
        words += [(name, "speaker") for name in _speakers(analysis, turns)]
    return words


def _speakers(analysis: Analysis, turns: list[TurnSection]) -> list[str]:
    """The members, and who has spoken already."""
    spoken = [turn.head.title for turn in turns if turn.head.key is None]
    return list(dict.fromkeys([*analysis.names, *spoken]))


def _offered(start: int, kind: CompletionItemKind, words: Iterable[str], after: str = "") -> Offered:
    return Offered(start, tuple(Offer(word, kind, word + after) for word in words))
