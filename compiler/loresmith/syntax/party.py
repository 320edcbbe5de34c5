"""Party text to members as written: a list, one line each, headings with lists, or a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from loresmith.syntax.keywords import MEMBER_KEYS, comparable
from loresmith.syntax.tree import Range

_NONE = re.compile(r"\s*(?:[-*+]\s*)?[_*]*(?:none|-)[_*]*\.?\s*$", re.I)
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,3}[.)])(?:[ \t]+|$)(.*)")
_RULE = re.compile(r"[ \t]*(?:-[ \t]*){3,}$|[ \t]*(?:\*[ \t]*){3,}$|[ \t]*(?:_[ \t]*){3,}$")
_DELIMITERS = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_KEYED = re.compile(r"(\*\*|__|\*|_)?([^:*|]+?)(?:\1?[ \t]*:[ \t]*\1?|:\1)[ \t]*(.*)$")
_NAMED = re.compile(r"(?:\*\*|__)?([^*:(|]+?)[ \t]*(?::?\*\*|__)?[ \t]*(?=[:(]|$)")
_PARENTHESIS = re.compile(r"[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?:\*\*)?[ \t]*")
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


class PartySyntax(NamedTuple):
    """The members that a party's text names, and the paragraphs in it that name none."""

    members: list[MemberSyntax]
    prose: list[Range]


class _Row(NamedTuple):
    text: str
    start: int


def parse_party(text: str, place: Range) -> PartySyntax:
    """The members that `text[place]` names; `text` has its comments blanked."""
    rows = list(_rows(text, place))
    if not rows or (len(rows) == 1 and _NONE.match(rows[0].text)):
        return PartySyntax([], [])
    if _is_table(rows):
        return PartySyntax(list(_table(rows)), [])
    if _begins_with(rows, ("name",)):
        return PartySyntax(_keyed(rows), [])
    return _listed(rows)


def parse_player(text: str, place: Range) -> PartySyntax:
    """The player character: a list of `- Key: value` with its name under `Name`, or a member's own form.

    A list without a name makes a member whose name is empty.
    """
    rows = list(_rows(text, place))
    if not _is_table(rows) and _begins_with(rows, MEMBER_KEYS):
        members, prose = _keyed(rows), list[Range]()
    else:
        members, prose = parse_party(text, place)
    return PartySyntax([member._replace(player=True) for member in members[:1]] + members[1:], prose)


def _begins_with(rows: list[_Row], keys: Collection[str]) -> bool:
    """Whether the first row is `- Key: value` with one of the keys, as it is in a list about one member."""
    entry = _entry_of(rows[0], _ITEM.match(rows[0].text)) if rows else None
    return entry is not None and comparable(entry.key) in keys


def _keyed(rows: list[_Row]) -> list[MemberSyntax]:
    """The members of a list of `- Key: value`; each `Name` but the first begins another one."""
    members = [MemberSyntax("", Range(rows[0].start, rows[0].start + len(rows[0].text)))]
    listed = _Values()
    for row in rows:
        item = _ITEM.match(row.text)
        entry = _entry_of(row, item)
        if entry and comparable(entry.key) == "name":
            named = MemberSyntax(_plain(entry.value), entry.range)
            if members[-1].name:
                members.append(named)
            else:
                members[-1] = members[-1]._replace(name=named.name, range=named.range)
        else:
            members[-1] = listed.extended(members[-1], row, item)
    return members


def _rows(text: str, place: Range) -> Iterator[_Row]:
    start = place.start
    for line in text[place.start : place.end].split("\n"):
        if line.strip() and not _RULE.match(line):
            yield _Row(line.rstrip(), start)
        start += len(line) + 1


def _listed(rows: list[_Row]) -> PartySyntax:
    members, prose = list[MemberSyntax](), list[Range]()
    under_heading, listed = False, _Values()
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
            members[-1] = listed.extended(members[-1], row, item)
        elif (member := _member(row.text, row.start)).people or member.entries:
            members.append(member)
        elif prose and prose[-1].end + 1 == row.start:
            prose[-1] = Range(prose[-1].start, row.start + len(row.text))
        else:
            prose.append(Range(row.start, row.start + len(row.text)))
    return PartySyntax(members, prose)


def _indent(item: re.Match[str]) -> int:
    return len(item[1].expandtabs(4))


class _Values:
    """Puts the rows below a member to it; remembers which entry an item set in deeper belongs to."""

    def __init__(self) -> None:
        self._indent: int | None = None

    def extended(self, member: MemberSyntax, row: _Row, item: re.Match[str] | None) -> MemberSyntax:
        """The member with one more entry, or with a row that belongs to its last one."""
        entry = _entry_of(row, item) if item else None
        if not item and member.entries:
            return _continued(member, row.text.strip(), " ")
        if item and self._belongs_to_last(item, entry):
            return _continued(member, item[2].strip(), ", ")
        if item:
            self._indent = _indent(item) if entry else None
        if entry is None:
            start = row.start + (item.start(2) if item else len(row.text) - len(row.text.lstrip()))
            end = row.start + len(row.text)
            entry = Entry("Note", row.text[start - row.start :], Range(start, end))
        return member._replace(entries=(*member.entries, entry))

    def _belongs_to_last(self, item: re.Match[str], entry: Entry | None) -> bool:
        """Whether an item is one of a list below a key (`- Inventory:`); a key of its own right isn't."""
        if self._indent is None or _indent(item) < self._indent + _DEEPER:
            return False
        return entry is None or comparable(entry.key) not in MEMBER_KEYS


def _continued(member: MemberSyntax, text: str, by: str) -> MemberSyntax:
    """The member with more text in its last entry."""
    last = member.entries[-1]
    joined = last._replace(value=by.join(filter(None, (last.value, text))))
    return member._replace(entries=(*member.entries[:-1], joined))


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


def _is_table(rows: list[_Row]) -> bool:
    """Whether the first row is a table's head; the bars at a row's ends may be left out."""
    if not rows:
        return False
    second = rows[1].text if len(rows) > 1 else ""
    return rows[0].text.lstrip().startswith("|") or ("|" in second and bool(_DELIMITERS.match(second)))


def _table(rows: list[_Row]) -> Iterator[MemberSyntax]:
    keys = [cell.value for cell in _cells(rows[0])]
    for row in rows[1:]:
        if _DELIMITERS.match(row.text):
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
    opening = re.match(r"[ \t]*\|?", row.text)
    position = opening.end() if opening else 0
    for match in re.finditer(r"((?:[^|\\]|\\.|\\$)*)(?:\||$)", row.text[position:]):
        written, value = match[1], match[1].strip()
        if match.end() == match.start():
            break
        start = row.start + position + match.start() + len(written) - len(written.lstrip())
        cells.append(Entry("", value, Range(start, start + len(value))))
    return cells
