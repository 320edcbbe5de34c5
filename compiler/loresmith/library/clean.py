"""The clean form of a scenario file: one kind of quotation marks and spaces, nothing invisible, canonical."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from loresmith.check.file import compile_source
from loresmith.format.source import format_bytes
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
"""Zero-width spaces and joiners, the byte order mark, the soft hyphen: a tokenizer sees them, nobody else does."""
_SAME = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
    **dict.fromkeys("\u00a0\u2007\u202f\u2028\u2029\x85", " "),
    **dict.fromkeys(INVISIBLE),
}
_CHANGES = str.maketrans(_SAME)
HAS_ERRORS = "it has errors; see loresmith lint"
_FRONT = re.compile(r"\ufeff?---[ \t]*\r?\n.*?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Cleaned:
    """`text` is the clean form, None where there is none: then `why` says why. `characters` counts those replaced or
    dropped."""

    text: str | None
    characters: int
    why: str = ""


def clean(path: str, data: bytes, vocabulary: Vocabulary) -> Cleaned:
    """The clean form of a scenario file. Nothing but the characters above and the way it is written changes; where
    other characters in the front matter would make it another scenario, or none, they stay."""
    before = compile_source(path, data, vocabulary).scenario
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Cleaned(None, 0, HAS_ERRORS)
    for front, rest in (("", text), _split(text)):
        formatted = format_bytes(path, f"{front}{rest.translate(_CHANGES)}".encode(), vocabulary)
        if formatted.text and (before is None or _is_the_same(path, formatted.text, before, vocabulary)):
            return Cleaned(formatted.text, sum(character in _SAME for character in rest))
    return Cleaned(None, 0, "cleaned it would mean something else" if before else HAS_ERRORS)


def _is_the_same(path: str, text: str, before: Scenario, vocabulary: Vocabulary) -> bool:
    """Whether a text is still the scenario of that id, in that split."""
    after = compile_source(path, text.encode(), vocabulary).scenario
    return after is not None and (after.id, after.split) == (before.id, before.split)


def _split(text: str) -> tuple[str, str]:
    """The front matter, if there is one, and what follows it."""
    match = _FRONT.match(text)
    return (match[0], text[match.end() :]) if match else ("", text)


def same_texts(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The files whose text another one has too, each with the first that has it, by path."""
    first: dict[str, str] = {}
    pairs = list[tuple[str, str]]()
    for path in sorted(texts):
        other = first.setdefault(texts[path], path)
        if other != path:
            pairs.append((path, other))
    return pairs
