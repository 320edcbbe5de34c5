"""What a member's known fields say, and which of them say it twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from loresmith.syntax.keywords import MEMBER_KEYS, comparable
from loresmith.syntax.member import Entry

Fields = Mapping[str, Sequence[Entry]]
"""The entries of each known field, in their order; those without a value only where a field has no other."""


class Contradiction(NamedTuple):
    """A field's first entry, and a later one with another value."""

    field: str
    first: Entry
    second: Entry


def fields_of(entries: Sequence[Entry]) -> Fields:
    """The known fields among the entries of a member."""
    fields = dict[str, list[Entry]]()
    for entry in entries:
        if key := MEMBER_KEYS.get(comparable(entry.key)):
            fields.setdefault(key, []).append(entry)
    return {key: [e for e in found if e.value] or found[:1] for key, found in fields.items()}


def contradictions(fields: Fields) -> Iterator[Contradiction]:
    """Every entry that says otherwise than the first of its field; inventories never do, they are joined."""
    for field, (first, *others) in fields.items():
        if field != "inventory":
            said = _plain(field, first.value)
            yield from (Contradiction(field, first, e) for e in others if _plain(field, e.value) != said)


def inventories(fields: Fields) -> list[str]:
    """What the entries of the inventory say; the same list given twice is one."""
    lists = dict[str, str]()
    for entry in fields.get("inventory", ()):
        lists.setdefault(_plain("inventory", entry.value), entry.value)
    return list(lists.values())


def _plain(field: str, value: str) -> str:
    """A value freed of what makes no difference: `24` and `024 / 24` are one health."""
    words = re.sub(r"\b0+(?=\d)", "", " ".join(value.strip("*_ ").split()).casefold())
    if field != "health":
        return words
    current, _, most = words.replace(" ", "").partition("/")
    return f"{current}/{most or current}"
