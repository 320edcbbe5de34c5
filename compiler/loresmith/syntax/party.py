"""Party text to members as written: a list, one line each, headings with lists, or a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from loresmith.syntax.keywords import MEMBER_KEYS, comparable
from loresmith.syntax.tree import Range

_NONE = re.compile(r"\s*(?:[-*+]\s*)?[_*]*(?:none|-)[_*]*\.?\s*$", re.I)
_ITEM = re.compile(r"([ \t]*)[-*+](?:[ \t]+|$)(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_KEYED = re.compile(r"(\*\*|__)?([^:*|]+?)(?:\1?[ \t]*:[ \t]*\1?|:\1)[ \t]*(.*)$")
_NAMED = re.compile(r"(?:\*\*|__)?([^*:(|]+?)[ \t]*(?::?\*\*|__)?[ \t]*(?=[:(]|$)")
_PARENTHESIS = re.compile(r"[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?:\*\*)?[ \t]*")
_COLON = re.compile(r"[ \t]*:?(?:\*\*)?[ \t]*")
_PIECE = re.compile(r"[^,()]*(?:\([^()]*\)[^,()]*)+|[^,]+")
_INVENTORY = re.compile(r"(?:^|,)[ \t]*(inventory|items|equipment)[ \t]*:[ \t]*(.*)$", re.I)
_FACT = re.compile(r"(level|lvl|health|hp|hit points|experience|xp|exp|ac)[ \t]*:?[ \t]*([-+]?\d.*)$", re.I)
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


class _Row(NamedTuple):
    text: str
    start: int


def parse_party(text: str, place: Range) -> list[MemberSyntax]:
    """The members that `text[place]` names; `text` has its comments blanked."""
    rows = list(_rows(text, place))
    if not rows or (len(rows) == 1 and _NONE.match(rows[0].text)):
        return []
    if rows[0].text.lstrip().startswith("|"):
        return list(_table(rows))
    return _listed(rows)


def parse_player(text: str, place: Range) -> list[MemberSyntax]:
    """The player character: a list of `- Key: value` with its name under `Name`, or a member's own form."""
    rows = list(_rows(text, place))
    entries = [entry for row in rows if (entry := _entry_of(row, _ITEM.match(row.text)))]
    named = next((entry for entry in entries if comparable(entry.key) == "name"), None)
    if named is None:
        members = parse_party(text, place)
        return [member._replace(player=True) for member in members[:1]] + members[1:]
    others = tuple(entry for entry in entries if entry is not named)
    return [MemberSyntax(named.value, named.range, True, "", others)]


def _rows(text: str, place: Range) -> Iterator[_Row]:
    start = place.start
    for line in text[place.start : place.end].split("\n"):
        if line.strip():
            yield _Row(line.rstrip(), start)
        start += len(line) + 1


def _listed(rows: list[_Row]) -> list[MemberSyntax]:
    members = list[MemberSyntax]()
    under_heading = False
    items = [_ITEM.match(row.text) for row in rows]
    top = min((_indent(item) for item in items if item), default=0)
    for row, item in zip(rows, items, strict=True):
        heading = None if item else _HEADING.match(row.text)
        if heading:
            members.append(_member(heading[1], row.start + heading.start(1)))
            under_heading = True
        elif item and not under_heading and _indent(item) <= top:
            members.append(_member(item[2], row.start + item.start(2)))
        elif members and (item or row.text[0] in " \t" or under_heading):
            members[-1] = _extended(members[-1], row, item)
        else:
            members.append(_member(row.text, row.start))
    return members


def _indent(item: re.Match[str]) -> int:
    return len(item[1].expandtabs(4))


def _extended(member: MemberSyntax, row: _Row, item: re.Match[str] | None) -> MemberSyntax:
    """The member with one more entry, or with a line that continues its last one."""
    entry = _entry_of(row, item) if item else None
    if entry is None and not item and member.entries:
        last = member.entries[-1]
        joined = last._replace(value=f"{last.value} {row.text.strip()}".strip())
        return member._replace(entries=(*member.entries[:-1], joined))
    if entry is None:
        start = row.start + len(row.text) - len(row.text.lstrip(" \t-*+"))
        value = row.text.lstrip(" \t-*+")
        entry = Entry("Note", value, Range(start, row.start + len(row.text)))
    return member._replace(entries=(*member.entries, entry))


def _entry_of(row: _Row, item: re.Match[str] | None) -> Entry | None:
    inside, offset = (item[2], row.start + item.start(2)) if item else (row.text, row.start)
    keyed = _KEYED.match(inside)
    if keyed is None:
        return None
    key = keyed[2].strip("*_ \t")
    return Entry(key, keyed[3].strip(), Range(offset, offset + len(inside.rstrip())))


def _member(text: str, offset: int) -> MemberSyntax:
    """A member from its own line: name, `(player)`, then the words and facts."""
    named = _NAMED.match(text)
    if named is None:
        return MemberSyntax(_plain(text), Range(offset, offset + len(text.rstrip())))
    name, position, player = _plain(named[1]), named.end(), False
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


def _plain(name: str) -> str:
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


def _table(rows: list[_Row]) -> Iterator[MemberSyntax]:
    keys = [cell.value for cell in _cells(rows[0])]
    for row in rows[1:]:
        if re.fullmatch(r"[|:\-\s]+", row.text):
            continue
        entries = [cell._replace(key=key) for key, cell in zip(keys, _cells(row), strict=False)]
        named = next((entry for entry in entries if comparable(entry.key) == "name"), None)
        name = named.value if named else ""
        player = bool(re.search(r"\(player\)", name, re.I))
        bare = _plain(re.sub(r"\s*\(player\)", "", name, flags=re.I))
        place = named.range if named else Range(row.start, row.start + len(row.text))
        yield MemberSyntax(bare, place, player, "", tuple(e for e in entries if e is not named and e.value))


def _cells(row: _Row) -> list[Entry]:
    cells = list[Entry]()
    for match in re.finditer(r"(?:[^|\\]|\\.)+", row.text):
        value = match[0].strip()
        if not value and match.start() == 0:
            continue
        start = row.start + match.start() + len(match[0]) - len(match[0].lstrip())
        cells.append(Entry("", value, Range(start, start + len(value))))
    return cells
