"""The text of a turn in pieces: narration, calls, results."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loresmith.syntax.calls import parse_call
from loresmith.syntax.opaque import Shadows
from loresmith.syntax.results import parse_result
from loresmith.syntax.source import Source
from loresmith.syntax.tree import (
    CallPiece,
    MisnamedTag,
    Piece,
    Range,
    ResultPiece,
    ResultSyntax,
    StrayPiece,
    TextPiece,
)

_TAG = re.compile(r"<\s*(/?)\s*(tool[\s_-]*(?:call|result)s?)\s*>", re.I)
"""A result's tag, and those that were meant as one."""
_SIGN = re.compile(rf"{_TAG.pattern}|\[", re.I)
_BLANK_LINE = re.compile(r"\n[ \t]*(?=\n|$)")
_CALL = re.compile(r"\[(\w+):([^\]\n]*)\]", re.ASCII)
_UNCLOSED = re.compile(r"\[[ \t]*(\w+)[ \t]*:[^\]\n]*", re.ASCII)
_NAMED = re.compile(r"\[[ \t]*(\w+)")
_DESTINATION = re.compile(r"\((?:[^()\n]|\([^()\n]*\))*\)")
_LONGEST_BOX = 64
_LOOSE = re.compile(r"\[[ \t]*(\w+)\b([^\]\n]*)\]")


class InlineScanner:
    """Finds the pieces of a range; `tools` are the names that make a bracket a call even when malformed."""

    def __init__(self, source: Source, shadows: Shadows, tools: frozenset[str]) -> None:
        self.source = source
        self.plain = shadows.plain
        self.visible = shadows.visible
        self.tools = tools
        self._closing, self._line_end = _Next(self.plain, "]"), _Next(self.plain, "\n")

    def pieces(self, within: Range) -> list[Piece]:
        """The pieces of a range in order; together they cover it."""
        found, last = list[Piece](), within.start
        for piece in self._marked(within):
            if piece.range.start > last:
                found.append(TextPiece(Range(last, piece.range.start)))
            found.append(piece)
            last = piece.range.end
        if last < within.end:
            found.append(TextPiece(Range(last, within.end)))
        return found

    def _marked(self, within: Range) -> Iterator[Piece]:
        position = within.start
        while match := _SIGN.search(self.plain, position, within.end):
            if match[0] == "[":
                piece = self._bracket(match.start(), within.end)
            elif match[1]:
                piece = StrayPiece(Range(match.start(), match.end()), _misnamed(match))
            else:
                piece = self._result(match, within.end)
            if piece:
                yield piece
            position = piece.range.end if piece else match.end()

    def _result(self, opening: re.Match[str], limit: int) -> ResultPiece:
        following = _TAG.search(self.plain, opening.end(), limit)
        if following and following[1]:
            inside = Range(opening.end(), following.start())
            misnamed = _misnamed(opening, following)
            return ResultPiece(Range(opening.start(), following.end()), self._read(inside), misnamed=misnamed)
        limit = following.start() if following else limit
        blank = _BLANK_LINE.search(self.plain, opening.end(), limit)
        inside = Range(opening.end(), blank.start() if blank else limit)
        return ResultPiece(Range(opening.start(), inside.end), self._read(inside), False, _misnamed(opening))

    def _read(self, inside: Range) -> ResultSyntax:
        return parse_result(self.visible[inside.start : inside.end], inside.start)

    def _bracket(self, start: int, limit: int) -> CallPiece | None:
        closing = self._closing.after(start)
        if not start < closing < min(limit, self._line_end.after(start)):
            return self._unclosed(start, limit)
        if self._is_markdown(start, closing):
            return None
        if match := _CALL.match(self.plain, start, closing + 1):
            return self._call(match)
        named = _NAMED.match(self.plain, start)
        if (
            named
            and named[1].lower() in self.tools
            and (match := _LOOSE.match(self.plain, start, closing + 1))
        ):
            return self._malformed(match, *_slip(match[0], match[1]))
        return None

    def _unclosed(self, start: int, limit: int) -> CallPiece | None:
        """A call that its line ends before it does: `[name:`, or with white space too where the tool is known."""
        unclosed = _UNCLOSED.match(self.plain, start, limit)
        if unclosed is None:
            return None
        if unclosed[0][1 : 1 + len(unclosed[1])] != unclosed[1] and unclosed[1].lower() not in self.tools:
            return None
        end = start + len(unclosed[0].rstrip())
        hint = "Close the call with ] on the line it begins on."
        return CallPiece(Range(start, end), unclosed[1], None, "The call has no closing ].", hint)

    def _call(self, match: re.Match[str]) -> CallPiece:
        call = parse_call(self.visible[match.start() : match.end()], match.start())
        if call is not None and all(argument.value not in ("", '""') for argument in call.arguments):
            return CallPiece(Range(match.start(), match.end()), call.tool, call)
        values = [value.strip() for value in match[2].split(",")]
        if not all(values) or re.search(r"=\s*(?:,|$)|\"\"", match[2]):
            return self._malformed(match, "The call has an empty argument.", None)
        hint = "A quotation mark that opens a value needs its partner." if '"' in match[2] else None
        return self._malformed(match, "The call's arguments aren't well formed.", hint)

    def _malformed(self, match: re.Match[str], problem: str, hint: str | None) -> CallPiece:
        return CallPiece(Range(match.start(), match.end()), match[1], None, problem, hint)

    def _is_markdown(self, start: int, closing: int) -> bool:
        """Links, images, references and task boxes are text."""
        text = self.plain
        if text.startswith("(", closing + 1) and _DESTINATION.match(text, closing + 1):
            return True
        if text.startswith(":", closing + 1) and self._begins_line(start):
            return True
        short = closing - start < _LONGEST_BOX
        return short and text[start + 1 : closing].strip().lower() in ("", "x")

    def _begins_line(self, position: int) -> bool:
        while position and self.plain[position - 1] in " \t":
            position -= 1
        return position == 0 or self.plain[position - 1] == "\n"


class _Next:
    """Where a character comes next; asked from left to right, a long line is searched once."""

    def __init__(self, text: str, character: str) -> None:
        self.text = text
        self.character = character
        self._asked, self._found = 0, -1

    def after(self, position: int) -> int:
        """The offset of the next one from `position` on; the length of the text where there is none."""
        if not self._asked <= position <= self._found:
            found = self.text.find(self.character, position)
            self._asked, self._found = position, len(self.text) if found < 0 else found
        return self._found


def _misnamed(*tags: re.Match[str]) -> MisnamedTag | None:
    """The first of the tags, one or a pair, that isn't `<TOOLCALL>` or `</TOOLCALL>`."""
    places = [Range(tag.start(), tag.end()) for tag in tags]
    pair = (places[0], places[1]) if len(places) > 1 else None
    wrong = (place for tag, place in zip(tags, places, strict=True) if tag[2].lower() != "toolcall")
    return next((MisnamedTag(place, pair) for place in wrong), None)


def _slip(text: str, name: str) -> tuple[str, str | None]:
    """Why a bracket that begins with a known tool isn't a call, and how it is written."""
    inside = text[1:-1].strip()
    rest = inside[len(name) :].strip(" \t:")
    hint = f"Write [{name.lower()}: {rest}]." if rest else f"Write [{name.lower()}: …]."
    if re.match(r"\s", text[1:]) or re.match(rf"{re.escape(name)}\s+:", inside):
        return "No white space may stand before a call's name or its colon.", hint
    return "The call has no colon after its tool's name.", hint
