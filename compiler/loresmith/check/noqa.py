"""Comments that silence findings: `<!-- noqa: SC301 -->` on the line, or for the whole file on the first one or the
first below the front matter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from loresmith.check.silenced import covers
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.syntax.document import Parsed
from loresmith.syntax.tree import Range

_NOQA = re.compile(
    r"<!--\s*noqa(?:\s*:\s*([A-Z]{2}\d+\b(?:[\s,]+[A-Z]{2}\d+\b)*))?(?:[ \t](?![ \t]*:)[^\n]*?)?\s*-->", re.I
)
"""As in ruff, words may follow on the line that say why."""


def suppressed(findings: Sequence[Diagnostic], parsed: Parsed) -> tuple[Diagnostic, ...]:
    """The findings that no comment silences."""
    by_line = _codes_by_line(parsed)
    whole = silenced_in_file(parsed)
    return tuple(
        found
        for found in findings
        if not (covers(whole, found.code) or covers(by_line.get(found.line, ()), found.code))
    )


def silenced_in_file(parsed: Parsed) -> tuple[str, ...]:
    """The codes that are silenced for the whole file; an empty one means all."""
    return tuple(_codes_by_line(parsed).get(line_for_the_file(parsed), ()))


def line_for_the_file(parsed: Parsed) -> int:
    """The line whose comments hold for the whole file: the first one, or the first written one below the front
    matter."""
    front, source = parsed.document.front_matter, parsed.source
    if front is None:
        return 1
    below = source.text[source.line_end(front.end) :]
    line, _ = source.place(len(source.text) - len(below.lstrip()))
    return line


def silencing(parsed: Parsed, line: int, code: str) -> tuple[Range, str]:
    """What to write in place of what, so that a comment on the line silences the code.

    One that names codes already gets one more; else a comment of its own stands at the end of the line.
    """
    source = parsed.source
    for comment in parsed.shadows.comments():
        match = _NOQA.fullmatch(source.text[comment.start : comment.end])
        if match and match[1] and source.place(comment.start)[0] == line:
            end = comment.start + match.end(1)
            return Range(end, end), f", {code}"
    end = source.line_end(source.starts[line - 1])
    start = source.starts[line - 1] + len(source.text[source.starts[line - 1] : end].rstrip())
    return Range(start, end), f" <!-- noqa: {code} -->"


def _codes_by_line(parsed: Parsed) -> Mapping[int, list[str]]:
    """The codes that each line silences; an empty code means all."""
    codes: dict[int, list[str]] = {}
    for comment in parsed.shadows.comments():
        match = _NOQA.fullmatch(parsed.source.text[comment.start : comment.end])
        if match:
            line, _ = parsed.source.place(comment.start)
            named = re.findall(r"[A-Z]{2}\d+", match[1].upper()) if match[1] else [""]
            codes.setdefault(line, []).extend(named)
    return codes
