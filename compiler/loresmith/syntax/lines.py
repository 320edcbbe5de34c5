"""The line classifier: names each line by what it opens where it stands, for the grammar to put together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loresmith.syntax.keywords import FIELDS, comparable
from loresmith.syntax.marks import Line, Mark, heading_of, label_of, tag_of
from loresmith.syntax.source import Source

_CLOSING = {
    key: re.compile(rf"</[ \t]*(?:{names})[ \t]*>", re.I)
    for key, names in (("system", "system"), ("user", "user|player"), ("dm", "dm|gm|dungeon master"))
}


class LineToken(NamedTuple):
    """A terminal of scenario.lark: `start` and `end` bound its text, `mark` is what opens a section."""

    kind: str
    start: int
    end: int
    mark: Mark | None = None


class LineClassifier:
    """Walks the lines once. `unclosed` and `stray` collect the tags that have no partner, `speakers` the names in bold
    labels of DM turns that a label opened; those in `players` open User turns."""

    def __init__(self, source: Source, lines: Sequence[Line], players: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.lines = lines
        self.players = players
        self.speakers = set[str]()
        self.unclosed: list[Mark] = []
        self.stray: list[Mark] = []
        self._region = "before"
        self._system_level = 0
        self._field: Mark | None = None
        self._members = False
        self._tag: str | None = None
        self._mistaken = set[int]()
        self._turn: Mark | None = None
        self._labelled_reply = False
        self._headings = [heading_of(line, source) if "#" in line.text else None for line in lines]
        first = self._first_turn()
        self._turn_level = first.level if first else None
        self._last_field = self._last_field_before(first)
        self._turn_tags = any(
            tag and tag.kind == "open" and tag.key in ("user", "dm")
            for tag in (tag_of(line) for line in lines if "<" in line.text)
        )

    def tokens(self) -> Iterator[LineToken]:
        """The tokens of all lines, in order."""
        for index, line in enumerate(self.lines):
            first = line.text.lstrip()[:1]
            if not first:
                yield LineToken("BLANK", line.start, line.end)
            elif first in "-*_" and line.rule:
                yield LineToken("RULE", line.start, line.end)
            elif line.marked:
                yield from self._line(index, line)
            else:
                yield LineToken("TEXT", line.start, line.end)

    def _line(self, index: int, line: Line) -> Iterator[LineToken]:
        mark = self._headings[index] or tag_of(line)
        kind = self._heading(mark) if mark and mark.kind == "heading" else None
        if mark and mark.kind == "open" and self._tag is None:
            kind = self._open_tag(index, mark)
        if mark and mark.kind == "close" and self._tag != mark.key:
            if mark.start not in self._mistaken:
                self.stray.append(mark)
            yield from _text(line, line.start, mark.start)
            yield from self._closing(line, mark.end, line.end)
            return
        if mark is None:
            mark = self._speaking(label_of(line))
            kind = self._label(mark) if mark else None
        if kind and mark:
            yield LineToken(kind, mark.start, mark.end, mark)
            if mark.rest < line.end:
                yield from self._closing(line, mark.rest, line.end)
        elif self._tag is None:
            yield LineToken("TEXT", line.start, line.end)
        else:
            yield from self._closing(line, line.start, line.end)

    def _closing(self, line: Line, start: int, end: int) -> Iterator[LineToken]:
        """The text of a line up to the closing tag of the open section, and that tag."""
        closing = None
        if self._tag:
            closing = _CLOSING[self._tag].search(line.text, start - line.start, end - line.start)
        if closing is None:
            yield from _text(line, start, end)
            return
        yield from _text(line, start, line.start + closing.start())
        self._tag, self._region = None, "between"
        self._turn = None
        yield LineToken("END", line.start + closing.start(), line.start + closing.end())
        yield from _text(line, line.start + closing.end(), end)

    def _heading(self, mark: Mark) -> str | None:
        if self._tag not in (None, "system"):
            return None
        if self._region in ("turns", "ended"):
            return self._heading_among_turns(mark)
        if self._region == "system":
            return self._heading_in_system(mark)
        if mark.key:
            return self._enter(mark)
        at_turn_level = self._region == "between" and mark.level == self._turn_level
        return self._enter_turn(mark) if at_turn_level else None

    def _heading_in_system(self, mark: Mark) -> str | None:
        field = FIELDS.get(comparable(mark.title))
        deeper = self._system_level == 0 or mark.level > self._system_level
        if field and (mark.key != "user" or deeper):
            return self._enter_field(mark)
        if mark.key:
            return self._enter(mark)
        if self._members and self._field and mark.level > self._field.level:
            return None
        if not deeper and mark.level == self._turn_level and mark.start > self._last_field:
            return self._enter_turn(mark)
        return self._enter_field(mark)

    def _heading_among_turns(self, mark: Mark) -> str | None:
        if mark.key == "result":
            return self._enter_turn(mark)
        if self._turn_level is None or mark.level > self._turn_level:
            return None
        if mark.key in ("system", "conversation"):
            return self._enter(mark)
        if mark.level < self._turn_level:
            self._region = "ended"
            return "IGNORED"
        return self._enter_turn(mark)

    def _open_tag(self, index: int, mark: Mark) -> str:
        if self._closes(index, mark):
            self._tag = mark.key
        else:
            self.unclosed.append(mark)
        return self._enter(mark)

    def _closes(self, index: int, mark: Mark) -> bool:
        """Whether the tag's end comes before the next section opens.

        The first other end on the way is what was written in its place, where it has none; else it closes nothing.
        """
        pattern = re.compile(r"<(/?)[ \t]*(system|user|player|dm|gm|dungeon master)[ \t]*>", re.I)
        position, mistaken = mark.rest - self.lines[index].start, list[int]()
        for number in range(index, len(self.lines)):
            line = self.lines[number]
            for found in pattern.finditer(line.text, position):
                if found[1] and comparable(found[2])[:2] in _same_tag(mark):
                    return True
                if not found[1]:
                    self._mistaken.update(mistaken[:1])
                    return False
                mistaken.append(line.start + found.start())
            position = 0
        self._mistaken.update(mistaken[:1])
        return False

    def _speaking(self, mark: Mark | None) -> Mark | None:
        """The label; where the player character's name opens a turn, a User's."""
        in_reply = self._region == "turns" and self._labelled_reply
        if mark is None or not (in_reply and mark.bold and mark.key is None):
            return mark
        self.speakers.add(mark.title)
        return mark._replace(key="user") if mark.title in self.players else mark

    def _label(self, mark: Mark) -> str | None:
        if self._tag not in (None, "system"):
            return None
        field = FIELDS.get(comparable(mark.title))
        if self._region == "system" and (self._field is None or self._field.level == 0):
            if field and (mark.key != "user" or not self._members):
                return self._enter_field(mark)
            if mark.bold and mark.key is None:
                return self._enter_field(mark)
        if mark.key not in ("user", "dm", "result") or self._region == "before" or self._tag:
            return None
        return self._enter_turn(mark) if mark.bold or self._label_may_open() else None

    def _label_may_open(self) -> bool:
        """Whether a label without bold type opens a turn here; below a heading or a tag it is text."""
        if self._region in ("turns", "ended"):
            return self._turn is None or self._turn.kind == "label"
        in_headed_field = self._region == "system" and self._field is not None and self._field.level > 0
        return not in_headed_field or (self._turn_level is None and not self._turn_tags)

    def _enter(self, mark: Mark) -> str:
        if mark.key == "conversation":
            self._region = "between" if self._region in ("before", "system") else "turns"
            return "CONVERSATION"
        return self._enter_system(mark) if mark.key == "system" else self._enter_turn(mark)

    def _enter_system(self, mark: Mark) -> str:
        self._region, self._system_level, self._field, self._members = "system", mark.level, None, False
        return "SYSTEM"

    def _enter_field(self, mark: Mark) -> str:
        self._field = mark
        self._members = FIELDS.get(comparable(mark.title)) in ("party", "player")
        return "FIELD"

    def _enter_turn(self, mark: Mark) -> str:
        self._region, self._turn = "turns", mark
        if mark.key != "result":
            self._labelled_reply = mark.key == "dm" and mark.kind == "label"
        return "RESULT" if mark.key == "result" else "TURN"

    def _first_turn(self) -> Mark | None:
        """The first User or DM heading; a `Player` heading deeper than SYSTEM is its field."""
        system, inside = 0, False
        for mark in filter(None, self._headings):
            if mark.key == "system":
                system, inside = mark.level, True
            elif mark.key == "conversation":
                inside = False
            elif mark.key in ("user", "dm") and not (inside and _is_player_field(mark, system)):
                return mark
        return None

    def _last_field_before(self, turn: Mark | None) -> int:
        """The offset of the last heading of a known field above the turns: what stands before it is no speaker."""
        end = turn.start if turn else len(self.source.text)
        fields = (m for m in self._headings if m and m.start < end and comparable(m.title) in FIELDS)
        return max((mark.start for mark in fields), default=-1)


def _text(line: Line, start: int, end: int) -> Iterator[LineToken]:
    """The text that a line has from `start` to `end`, where it has any besides comments."""
    if line.visible[start - line.start : end - line.start].strip():
        yield LineToken("TEXT", start, end)


def _is_player_field(mark: Mark, system_level: int) -> bool:
    return comparable(mark.title) == "player" and mark.level > system_level


def _same_tag(mark: Mark) -> tuple[str, ...]:
    return {"system": ("sy",), "user": ("us", "pl")}.get(str(mark.key), ("dm", "gm", "du"))
