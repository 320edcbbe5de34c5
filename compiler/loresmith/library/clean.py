"""The clean form of a scenario file: one kind of quotation marks and spaces, nothing invisible, canonical."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loresmith.format.source import format_bytes
from loresmith.ir.vocabulary import Vocabulary

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
"""Zero-width spaces and joiners, the byte order mark, the soft hyphen: a tokenizer sees them, nobody else does."""
_SAME = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
    **dict.fromkeys("\u00a0\u2007\u202f", " "),
    **dict.fromkeys(INVISIBLE),
}
_CHANGES = str.maketrans(_SAME)


@dataclass(frozen=True)
class Cleaned:
    """`text` is the clean form, None where the file has errors; `characters` counts those replaced or dropped."""

    text: str | None
    characters: int


def clean(path: str, data: bytes, vocabulary: Vocabulary) -> Cleaned:
    """The clean form of a scenario file. Nothing but the characters above and the way it is written changes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Cleaned(None, 0)
    replaced = text.translate(_CHANGES)
    formatted = format_bytes(path, replaced.encode(), vocabulary)
    return Cleaned(formatted.text, sum(character in _SAME for character in text))


def same_texts(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The files whose text another one has too, each with the first that has it, by path."""
    first: dict[str, str] = {}
    pairs = list[tuple[str, str]]()
    for path in sorted(texts):
        other = first.setdefault(texts[path], path)
        if other != path:
            pairs.append((path, other))
    return pairs
