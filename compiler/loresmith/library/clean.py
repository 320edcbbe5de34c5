"""The clean form of a scenario file: one kind of quotation marks, minus signs, spaces and letters, nothing invisible,
canonical."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from loresmith.check.file import compile_source
from loresmith.format.source import format_bytes
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SELECTORS = "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_SPACES = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\x85"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad" + _BIDI + _SELECTORS
"""Zero-width spaces and joiners, the byte order mark, the soft hyphen, marks of the writing direction, variation
selectors: a tokenizer sees them, nobody else does."""
_SAME = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
    **dict.fromkeys("\u2010\u2011\u2212", "-"),
    **dict.fromkeys(_SPACES, " "),
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
    """The clean form of a scenario file. Nothing changes but the characters above, letters apart from their accents and
    the way it is written; where other characters in the front matter would make it another scenario, or none, they
    stay."""
    before = compile_source(path, data, vocabulary).scenario
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Cleaned(None, 0, HAS_ERRORS)
    for front, rest in (("", text), _split(text)):
        cleaned, characters = _cleaned(rest)
        formatted = format_bytes(path, f"{front}{cleaned}".encode(), vocabulary)
        if formatted.text and (before is None or _is_the_same(path, formatted.text, before, vocabulary)):
            return Cleaned(formatted.text, characters)
    return Cleaned(None, 0, "cleaned it would mean something else" if before else HAS_ERRORS)


def _cleaned(text: str) -> tuple[str, int]:
    """The text with its characters replaced, dropped and composed (NFC), and how many there were; a letter and its
    accents count once."""
    replaced = text.translate(_CHANGES)
    composed = unicodedata.normalize("NFC", replaced)
    joined = (Counter(composed) - Counter(replaced)).total()
    return composed, joined + sum(character in _SAME for character in text)


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
