"""A member of the party as written: its own line, and the rows below it."""

from __future__ import annotations

import re
from typing import NamedTuple

from loresmith.syntax.keywords import MEMBER_KEYS, comparable
from loresmith.syntax.tree import Range

ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,3}[.)])(?:[ \t]+|$)(.*)")
"""An item of a list."""
_KEYED = re.compile(r"(\*\*|__|\*|_)?([^:*|]+?)(?:\1?[ \t]*:[ \t]*\1?|:\1)[ \t]*(.*)$")
_DEEPER = 2
"""By how many columns an item is set in from the one that it belongs to: the width of that one's marker."""


class Entry(NamedTuple):
    """A key with its value, as written; `range` covers both."""

    key: str
    value: str
    range: Range


class Piece(NamedTuple):
    """Words of a member's own line that have no key; `list_key` is the key of the list that they follow, if any."""

    words: str
    range: Range
    list_key: str | None = None


class MemberSyntax(NamedTuple):
    """A member as written: what its own line says without keys, race and class among it, and all that has a key.

    `overlong_row` is the row of a table that has more cells than the head names.
    """

    name: str
    range: Range
    player: bool = False
    pieces: tuple[Piece, ...] = ()
    entries: tuple[Entry, ...] = ()
    overlong_row: Range | None = None


class Row(NamedTuple):
    """A line that isn't blank, and the offset in the file where it begins."""

    text: str
    start: int


class UnfinishedMember:
    """A member whose rows are still being read: `head` is what its own line says."""

    def __init__(self, head: MemberSyntax) -> None:
        self.head = head
        self._entries = list(head.entries)
        self._more = list[str]()
        self._indent: int | None = None

    def take(self, row: Row, item: re.Match[str] | None) -> None:
        """Put a row to the member: an entry of its own, or what belongs to the last one."""
        entry = entry_of(row, item) if item else None
        if not item and self._entries:
            self._continue(row.text.strip(), " ")
        elif item and self._belongs_to_last(item, entry):
            self._continue(item[2].strip(), ", ")
        else:
            self.add(entry or _note(row, item))
            self._indent = indent_of(item) if item and entry else None

    def name_by(self, head: MemberSyntax) -> None:
        """Take the name, and what stands behind it, from `head`: the value of `Name`."""
        self._settle()
        self.head = head
        self._entries += head.entries

    def add(self, entry: Entry) -> None:
        """Put an entry to the member."""
        self._settle()
        self._entries.append(entry)

    def finished(self) -> MemberSyntax:
        """The member with all that was put to it."""
        self._settle()
        return self.head._replace(entries=tuple(self._entries))

    def _belongs_to_last(self, item: re.Match[str], entry: Entry | None) -> bool:
        """Whether an item is one of a list below a key (`- Inventory:`); a key of its own right isn't."""
        if self._indent is None or indent_of(item) < self._indent + _DEEPER:
            return False
        return entry is None or comparable(entry.key) not in MEMBER_KEYS

    def _continue(self, text: str, by: str) -> None:
        if text:
            self._more += [by, text] if self._more or self._entries[-1].value else [text]

    def _settle(self) -> None:
        """Write what continues the last entry into it."""
        if self._more:
            last = self._entries[-1]
            self._entries[-1] = last._replace(value="".join((last.value, *self._more)))
            self._more.clear()


def _note(row: Row, item: re.Match[str] | None) -> Entry:
    start = item.start(2) if item else len(row.text) - len(row.text.lstrip())
    return Entry("Note", row.text[start:], Range(row.start + start, row.start + len(row.text)))


def indent_of(item: re.Match[str]) -> int:
    """The columns before an item's marker."""
    return len(item[1].expandtabs(4))


def entry_of(row: Row, item: re.Match[str] | None) -> Entry | None:
    """The `Key: value` that a row is."""
    inside, offset = (item[2], row.start + item.start(2)) if item else (row.text, row.start)
    keyed = _KEYED.match(inside)
    if keyed is None:
        return None
    key = keyed[2].strip("*_ \t")
    return Entry(key, keyed[3].strip(), Range(offset, offset + len(inside.rstrip())))
