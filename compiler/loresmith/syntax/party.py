"""Party text to members as written: a list, one line each, headings with lists, or a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from loresmith.syntax.keywords import FIELDS, MEMBER_KEYS, comparable
from loresmith.syntax.member import (
    ITEM,
    Entry,
    MemberSyntax,
    Row,
    UnfinishedMember,
    entry_of,
    indent_of,
)
from loresmith.syntax.member_line import member_of
from loresmith.syntax.tree import Range, SystemSection

_NONE = re.compile(r"\s*(?:[-*+]\s*)?[_*]*(?:none|-)[_*]*\.?\s*$", re.I)
_RULE = re.compile(r"[ \t]*(?:-[ \t]*){3,}$|[ \t]*(?:\*[ \t]*){3,}$|[ \t]*(?:_[ \t]*){3,}$")
_DELIMITERS = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")


class PartySyntax(NamedTuple):
    """The members that a party's text names, and the paragraphs in it that name none."""

    members: list[MemberSyntax]
    prose: list[Range]


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


def written_members(system: SystemSection, text: str) -> list[MemberSyntax]:
    """The members that SYSTEM names, the player's own field first; `text` has its comments blanked."""
    kinds = [(FIELDS.get(comparable(field.head.title)), field.body) for field in system.fields]
    parties = [parse_player(text, body) for kind, body in kinds if kind == "player"]
    parties += [parse_party(text, body) for kind, body in kinds if kind == "party"]
    return [member for party in parties for member in party.members]


def names_of_player(members: Sequence[MemberSyntax]) -> frozenset[str]:
    """What the player character is called, letter case folded: its name, and the first word of it where no other
    member is called so."""
    named = [member for member in members if member.name.strip()]
    player = next((member for member in named if member.player), named[0] if named else None)
    if player is None:
        return frozenset()
    first = player.name.split()[0].casefold()
    others = (member.name.casefold() for member in named if member is not player)
    taken = any(first in (name, name.split()[0]) for name in others)
    return frozenset({player.name.casefold()} | (set() if taken else {first}))


def _begins_with(rows: list[Row], keys: Collection[str]) -> bool:
    """Whether the first row is `- Key: value` with one of the keys, as it is in a list about one member."""
    entry = entry_of(rows[0], ITEM.match(rows[0].text)) if rows else None
    return entry is not None and comparable(entry.key) in keys


def _keyed(rows: list[Row]) -> list[MemberSyntax]:
    """The members of a list of `- Key: value`; each `Name` but the first begins another one."""
    nameless = MemberSyntax("", _place_of(rows[0]))
    members = [UnfinishedMember(nameless)]
    for row in rows:
        item = ITEM.match(row.text)
        entry = entry_of(row, item)
        if entry and comparable(entry.key) == "name":
            if members[-1].head.name:
                members.append(UnfinishedMember(nameless))
            members[-1].name_by(member_of(entry.value, entry.range.end - len(entry.value)))
        elif entry and not item and row.text[0] not in " \t":
            members[-1].add(entry)
        else:
            members[-1].take(row, item)
    return [member.finished() for member in members]


def _rows(text: str, place: Range) -> Iterator[Row]:
    start = place.start
    for line in text[place.start : place.end].split("\n"):
        if line.strip() and not _RULE.match(line):
            yield Row(line.rstrip(), start)
        start += len(line) + 1


def _listed(rows: list[Row]) -> PartySyntax:
    members, prose = list[UnfinishedMember](), list[Range]()
    under_heading = False
    items = [ITEM.match(row.text) for row in rows]
    top = min((indent_of(item) for item in items if item), default=0)
    for row, item in zip(rows, items, strict=True):
        heading = None if item else _HEADING.match(row.text)
        if heading:
            members.append(UnfinishedMember(member_of(heading[1], row.start + heading.start(1))))
            under_heading = True
        elif item and not under_heading and indent_of(item) <= top:
            members.append(UnfinishedMember(member_of(item[2], row.start + item.start(2))))
        elif members and (item or row.text[0] in " \t" or under_heading):
            members[-1].take(row, item)
        elif (member := member_of(row.text, row.start)).pieces or member.entries:
            members.append(UnfinishedMember(member))
        elif prose and prose[-1].end + 1 == row.start:
            prose[-1] = Range(prose[-1].start, row.start + len(row.text))
        else:
            prose.append(Range(row.start, row.start + len(row.text)))
    return PartySyntax([member.finished() for member in members], prose)


def _is_table(rows: list[Row]) -> bool:
    """Whether the first row is a table's head; the bars at a row's ends may be left out."""
    if not rows:
        return False
    second = rows[1].text if len(rows) > 1 else ""
    return rows[0].text.lstrip().startswith("|") or ("|" in second and bool(_DELIMITERS.match(second)))


def _table(rows: list[Row]) -> Iterator[MemberSyntax]:
    # What stands below no word of the head is a note, as it would be on a line.
    keys = [cell.value if re.search(r"\w", cell.value) else "Note" for cell in _cells(rows[0])]
    for row in rows[1:]:
        if _DELIMITERS.match(row.text):
            continue
        cells = _cells(row)
        entries = [cell._replace(key=key) for key, cell in zip(keys, cells, strict=False)]
        overlong = any(cell.value for cell in cells[len(keys) :])
        named = next((entry for entry in entries if comparable(entry.key) == "name"), None)
        others = tuple(entry for entry in entries if entry is not named and entry.value)
        nameless = MemberSyntax("", _place_of(row))
        head = member_of(named.value, named.range.start) if named and named.value else nameless
        surplus = _place_of(row) if overlong else None
        yield head._replace(entries=(*head.entries, *others), overlong_row=surplus)


def _place_of(row: Row) -> Range:
    return Range(row.start, row.start + len(row.text))


def _cells(row: Row) -> list[Entry]:
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
