"""A member of the party as written: its own line, and the rows below it."""

from __future__ import annotations

import re
from typing import NamedTuple

from loresmith.syntax.keywords import MEMBER_KEYS, comparable
from loresmith.syntax.tree import Range

ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,3}[.)])(?:[ \t]+|$)(.*)")
"""An item of a list."""
_KEYED = re.compile(r"(\*\*|__|\*|_)?([^:*|]+?)(?:\1?[ \t]*:[ \t]*\1?|:\1)[ \t]*(.*)$")
_NAMED = re.compile(r"(?:\*\*|__)?([^*:(|]+?)[ \t]*(?::?\*\*|__)?[ \t]*[*_]*(?=[:(]|$)")
_PARENTHESIS = re.compile(r"[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)[*_]*[ \t]*")
_COLON = re.compile(r"[ \t]*:?(?:\*\*)?[ \t]*")
_PIECE = re.compile(r"[^,()]*(?:\([^()]*\)[^,()]*)+|[^,]+")
_INVENTORY = re.compile(r"(?:^|,)[ \t]*(inventory|items|equipment)[ \t]*:[ \t]*(.*)$", re.I)
_FACT = re.compile(
    r"(level|lvl|health|hp|hit points|experience|xp|exp|ac)(?:[ \t]*:[ \t]*|[ \t]+|(?=[-+\d]))([^ \t].*)$",
    re.I,
)
_DEEPER = 2
"""By how many columns an item is set in from the one that it belongs to: the width of that one's marker."""
_LEVEL = re.compile(r"\b(?:level|lvl)[ \t]+([-+]?\d+)\b", re.I)


class Entry(NamedTuple):
    """A key with its value, as written; `range` covers both."""

    key: str
    value: str
    range: Range


class MemberSyntax(NamedTuple):
    """A member as written; `people` holds the words for race and class."""

    name: str
    range: Range
    player: bool = False
    people: str = ""
    entries: tuple[Entry, ...] = ()


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


def member_of(text: str, offset: int) -> MemberSyntax:
    """A member from its own line: name, `(player)`, then the words and facts."""
    named = _NAMED.match(text)
    if named is None:
        return MemberSyntax(name_without_emphasis(text), Range(offset, offset + len(text.rstrip())))
    name, position, player = name_without_emphasis(named[1]), named.end(), False
    place = Range(offset + named.start(1), offset + named.start(1) + len(named[1].rstrip()))
    people, entries = list[str](), list[Entry]()
    while match := _PARENTHESIS.match(text, position):
        if comparable(match[1]) == "player":
            player = True
        else:
            _read_facts(match[1], offset + match.start(1), people, entries)
        position = match.end()
    rest = _COLON.match(text, position)
    position = rest.end() if rest else position
    _read_facts(text[position:], offset + position, people, entries)
    if "player" in people:
        people.remove("player")
        player = True
    return MemberSyntax(name, place, player, " ".join(people), tuple(entries))


def name_without_emphasis(name: str) -> str:
    """A name without emphasis; white space of any kind around it is none of it."""
    return name.strip().strip("*_ ").strip()


def _read_facts(text: str, offset: int, people: list[str], entries: list[Entry]) -> None:
    """Split `Elf Ranger, level 3, HP: 24/24, Inventory: rope` into words about the person and entries."""
    inventory = _INVENTORY.search(text)
    end = inventory.start() if inventory else len(text)
    for match in _PIECE.finditer(text, 0, end):
        piece = match[0].strip()
        start = offset + match.start() + len(match[0]) - len(match[0].lstrip())
        if piece:
            _read_fact(piece, start, people, entries)
    if inventory:
        place = Range(offset + inventory.start(1), offset + len(text.rstrip()))
        entries.append(Entry(inventory[1], inventory[2].strip(), place))


def _read_fact(piece: str, start: int, people: list[str], entries: list[Entry]) -> None:
    place = Range(start, start + len(piece))
    fact = _FACT.match(piece)
    if fact and (MEMBER_KEYS.get(fact[1].lower()) != "level" or re.fullmatch(r"\S+", fact[2])):
        entries.append(Entry(fact[1], fact[2], place))
        return
    if level := _LEVEL.search(piece):
        entries.append(Entry("Level", level[1], Range(start + level.start(), start + level.end())))
        piece = " ".join((piece[: level.start()] + piece[level.end() :]).split())
    elif ":" in piece:
        key, _, value = piece.partition(":")
        entries.append(Entry(key.strip(), value.strip(), place))
        return
    if piece:
        people.append("player" if piece.lower() == "player" else piece)
