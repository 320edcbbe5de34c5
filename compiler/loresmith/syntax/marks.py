"""What a single line could be on its own: a heading, a tag, a label, a rule."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import NamedTuple

from loresmith.syntax.keywords import FIELDS, SECTIONS, comparable
from loresmith.syntax.opaque import UNREAD, Shadows
from loresmith.syntax.source import Source

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*?)(?:[ \t]+#+)?[ \t]*$")
_TAG = re.compile(r"[ \t]*<(/?)[ \t]*(system|user|player|dm|gm|dungeon master)[ \t]*>[ \t]*", re.I)
_LABEL = re.compile(r"(\*\*[^*\n:]+:\*\*|\*\*[^*\n:]+\*\*[ \t]*:|[A-Za-z][A-Za-z ]*:)(?=[ \t]|$)[ \t]*")
_RULE = re.compile(r"[ \t]*(?:-[ \t]*){3,}$|[ \t]*(?:\*[ \t]*){3,}$|[ \t]*(?:_[ \t]*){3,}$")


class Line(NamedTuple):
    """A line of the source: its range, what it looks like with everything opaque blanked, and with comments alone."""

    start: int
    end: int
    text: str
    visible: str

    @property
    def rule(self) -> bool:
        """Whether this is a thematic break."""
        return bool(_RULE.match(self.text))

    @property
    def marked(self) -> bool:
        """Whether a character stands here without which there is no heading, tag or label."""
        return "#" in self.text or "<" in self.text or ":" in self.text


class Mark(NamedTuple):
    """A heading (`level` ≥ 1), tag or label; `rest` is the offset in the file of the text that follows it."""

    kind: str
    title: str
    key: str | None
    start: int
    end: int
    rest: int
    level: int = 0
    bold: bool = False


def source_lines(source: Source, shadows: Shadows, start: int) -> list[Line]:
    """The lines from the offset `start` on; what a fence or comment hides is blank in `text`.

    The text of a fence isn't blank, but it never looks like a mark. `start` is the offset of a line or the file's end.
    """
    starts = source.starts[bisect_left(source.starts, start) :]
    plain = shadows.plain[start:].split("\n")
    if not shadows.regions:
        return [Line(at, at + len(text), text, text) for at, text in zip(starts, plain, strict=False)]
    return [
        Line(at, at + len(text), UNREAD if not text.strip() and visible.strip() else text, visible)
        for at, text, visible in zip(starts, plain, shadows.visible[start:].split("\n"), strict=False)
    ]


def _rest_from(line: Line, index: int) -> int:
    """The offset in the file of the text that follows, at `index` of the line or behind white space there."""
    rest = line.visible[index:]
    return line.start + index + len(rest) - len(rest.lstrip(" \t"))


def heading_of(line: Line, source: Source) -> Mark | None:
    """The heading that a line is; `## Role: text` has the text as its rest."""
    match = _HEADING.match(line.text) if "#" in line.text else None
    if match is None:
        return None
    written = line.visible[match.start(2) : match.end(2)]
    title = " ".join(written.split()) if "<!--" in source.text[line.start : line.end] else written
    key, rest = comparable(title), line.end
    head, colon, tail = title.partition(":")
    if colon and tail.strip(" \t*_") and comparable(head) in {*SECTIONS, *FIELDS}:
        title, key = head, comparable(head)
        offset = match.start(2) + written.index(":") + 1
        emphasis = len(line.text[offset:]) - len(line.text[offset:].lstrip("*_"))
        rest = _rest_from(line, offset + emphasis)
    title = title.strip().rstrip(":").strip("*_ ")
    end = line.start + match.end(2) if rest == line.end else rest
    return Mark("heading", title, SECTIONS.get(key), line.start + match.start(1), end, rest, len(match[1]))


def tag_of(line: Line) -> Mark | None:
    """The opening or closing tag that a line begins with."""
    match = _TAG.match(line.text) if "<" in line.text else None
    if match is None:
        return None
    kind = "close" if match[1] else "open"
    start = line.start + match[0].index("<")
    rest = _rest_from(line, line.text.index(">", match.start()) + 1)
    return Mark(kind, match[2], SECTIONS[match[2].lower()], start, line.start + len(match[0].rstrip()), rest)


def label_of(line: Line) -> Mark | None:
    """The label that a line begins with, whatever its words: `User:`, `**Role**:`."""
    match = _LABEL.match(line.text)
    if match is None:
        return None
    title = re.sub(r"[*:]", "", line.visible[: match.end(1)]).strip()
    end = line.start + match.end(1)
    key = SECTIONS.get(comparable(title))
    return Mark("label", title, key, line.start, end, _rest_from(line, match.end(1)), bold=match[1][0] == "*")
