"""One file with its safe fixes applied, its encoding and line ends kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loresmith.check.file import compile_source
from loresmith.fix.edits import Edit, edits_of
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.source import make_source

MOST_ROUNDS = 10
"""A fix may bring another finding to light; after so many rounds the rest is left to the next call."""


@dataclass(frozen=True)
class Fixed:
    """The bytes of a file after its fixes, and how many there were."""

    data: bytes
    count: int


def fix_bytes(path: str, data: bytes, vocabulary: Vocabulary, wanted: Callable[[str], bool]) -> Fixed:
    """Apply the fixes of all findings whose code is wanted, and write calls and results canonically, until nothing
    changes. Bytes that aren't text are left."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Fixed(data, 0)
    count = 0
    for _ in range(MOST_ROUNDS):
        findings = compile_source(path, text.encode("utf-8"), vocabulary).findings
        edits = edits_of(make_source(path, text), [f for f in findings if wanted(f.code)], vocabulary)
        if not edits:
            break
        text, count = _applied(text, edits), count + len(edits)
    return Fixed(text.encode("utf-8"), count)


def _applied(text: str, edits: Sequence[Edit]) -> str:
    """The raw text with edits whose offsets count line ends as one character and no byte order mark."""
    offsets = _raw_offsets(text)
    pieces, last = list[str](), 0
    for edit in edits:
        start, end = offsets[edit.start], offsets[edit.end]
        pieces += [text[last:start], edit.text]
        last = end
    return "".join([*pieces, text[last:]])


def _raw_offsets(text: str) -> Sequence[int]:
    """For each offset in the settled text, its end included, the one in the raw text."""
    if "\r" not in text and not text.startswith("\ufeff"):
        return range(len(text) + 1)
    start = 1 if text.startswith("\ufeff") else 0
    return [
        index
        for index in range(start, len(text) + 1)
        if not (text[index - 1 : index] == "\r" and text[index : index + 1] == "\n" and index > start)
    ]
