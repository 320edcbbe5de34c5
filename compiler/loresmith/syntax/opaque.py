"""What isn't looked into: comments, code spans and fences, escaped brackets."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from loresmith.syntax.source import Source

Kind = Literal["comment", "code", "fence", "escape"]

_BEFORE_FENCE = r"[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?"
"""Quotes and list items hold fences too."""
_SIGN = re.compile(rf"\\[\[\]`<*_#\\]|`+|<!--|\n(?={_BEFORE_FENCE}(?:`{{3}}|~{{3}}))")
_OPENINGS = ("\\", "`", "<!--", "~~~")
"""One of these stands in every text that has an opaque region."""
UNREAD = "\x00"
"""Stands for each character of a code span or an escape: a space there would let what follows begin the line."""
_FENCE = re.compile(rf"{_BEFORE_FENCE}(`{{3,}}|~{{3,}})([^\n]*)")
_TURN = re.compile(
    r"[ ]{0,3}(?:#{1,6}[ \t]+|</?|\*\*)(?:user|player|dm|dungeon master|gm|toolcall|tool result)\b", re.I
)


@dataclass(frozen=True)
class Region:
    """An opaque range; `closed` is false where its end is missing."""

    kind: Kind
    start: int
    end: int
    closed: bool = True


@dataclass(frozen=True)
class Shadows:
    """The source with regions blanked, offsets unchanged.

    `visible` lacks the comments; `plain` lacks fences as well, and has UNREAD for code and escapes.
    """

    regions: tuple[Region, ...]
    visible: str
    plain: str

    def comments(self) -> list[Region]:
        """The comments, in order."""
        return [region for region in self.regions if region.kind == "comment"]

    def unclosed(self) -> list[Region]:
        """The regions whose end is missing."""
        return [region for region in self.regions if not region.closed]


def comment_around(comments: Sequence[Region], offset: int) -> Region | None:
    """The comment that `offset` cuts in two, of comments in order."""
    index = bisect_left(comments, offset, key=lambda comment: comment.start) - 1
    return comments[index] if index >= 0 and offset < comments[index].end else None


def cast_shadows(source: Source, start: int) -> Shadows:
    """The opaque regions of a source from `start` on (the front matter ends there)."""
    regions = tuple(_regions(source, start))
    comments = [region for region in regions if region.kind == "comment"]
    return Shadows(regions, _blanked(source.text, comments), _blanked(source.text, regions))


def _blanked(text: str, regions: list[Region] | tuple[Region, ...]) -> str:
    pieces, last = list[str](), 0
    for region in regions:
        blank = UNREAD if region.kind in ("code", "escape") else " "
        pieces += [text[last : region.start], re.sub(r"[^\n]", blank, text[region.start : region.end])]
        last = region.end
    return "".join([*pieces, text[last:]])


def _regions(source: Source, position: int) -> Iterator[Region]:
    if not any(opening in source.text for opening in _OPENINGS):
        return
    while position < len(source.text):
        region = _fence_at(source, position) if _at_line_start(source, position) else None
        match = None if region else _SIGN.search(source.text, position)
        if region is None and match is None:
            return
        if region is None and match is not None:
            if match[0] == "\n":
                position = match.end()
                continue
            region = _region_at(source, match)
        if region is not None and region.end > region.start:
            yield region
            position = region.end
        elif match is not None:
            position = match.end()


def _at_line_start(source: Source, position: int) -> bool:
    return position == 0 or source.text[position - 1] == "\n"


def _region_at(source: Source, match: re.Match[str]) -> Region | None:
    if match[0] == "<!--":
        end = source.text.find("-->", match.end())
        return Region("comment", match.start(), len(source.text) if end < 0 else end + 3, end >= 0)
    if match[0].startswith("\\"):
        return Region("escape", match.start(), match.end())
    return _code_span(source, match)


def _code_span(source: Source, match: re.Match[str]) -> Region | None:
    """The code span that a run of backticks opens; None where the paragraph has no run of that length."""
    blank = re.compile(r"\n[ \t]*(?:\n|$)").search(source.text, match.end())
    limit = blank.start() if blank else len(source.text)
    closing = re.compile(rf"(?<!`){match[0]}(?!`)").search(source.text, match.end(), limit)
    return Region("code", match.start(), closing.end()) if closing else None


def _fence_at(source: Source, start: int) -> Region | None:
    match = _FENCE.match(source.text, start)
    if match is None or (match[1][0] == "`" and "`" in match[2]):
        return None
    closing = re.compile(rf"^[ \t>]*{match[1][0]}{{{len(match[1])},}}[ \t]*$", re.M)
    found = closing.search(source.text, source.line_end(start))
    if found:
        return Region("fence", match.start(1), found.end())
    return Region("fence", match.start(1), _turn_end(source, source.line_end(start)), closed=False)


def _turn_end(source: Source, position: int) -> int:
    """The end of the turn that an unclosed fence stands in: the next line that opens a turn."""
    starts = (start for start in source.starts if start > position)
    return next((start for start in starts if _TURN.match(source.text, start)), len(source.text))
