"""What a member carries: items are the same without article, number, note and letter case."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from loresmith.ir.numbers import TOLD_DIGITS

_NOTE = re.compile(r"\([^()]*\)")
_DIGITS = rf"\d{{1,{TOLD_DIGITS}}}"
_UNITS = (
    r"(?:ft|foot|feet|inch|inches|yards?|miles?|lbs?|pounds?|oz|ounces?|[cegps]p|days?|hours?|handed)\b\.?"
)
_COUNT = re.compile(
    rf"\s*(?:(?<![^\W\d_])x|×)\s*({_DIGITS})\b"
    rf"|\b({_DIGITS})\s*[x×](?=\s)"
    rf"|^({_DIGITS})\s+(?!{_UNITS}\s+\S)",
    re.I,
)
"""How many there are: `arrow x20`, `20 x arrow`, `20 arrows`; `10 ft pole` is one, `50 gp` are fifty."""
_ARTICLE = re.compile(r"^(?:the|an|a|some|his|her|their)\s+", re.I)
_ENDINGS = (
    (re.compile(r"ies?$"), "y"),
    (re.compile(r"(?:ff?|fe|ve)s?$"), "f"),
    (re.compile(r"(?<=[xoz])es?$|(?<=ch)es?$|(?<=sh)es?$|(?<=ss)es?$"), ""),
    (re.compile(r"(?<!s)s(?:es?)?$"), ""),
)
"""The endings that a singular and its plural may have, and the one that stands for them: which letter before `es` is
the singular's own can't be told (`boxes`, `axes`)."""


class Pack:
    """The items of one member with their counts."""

    def __init__(self, items: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        for item in items:
            self.add(item)

    def add(self, item: str) -> None:
        """Put an item in; `arrow x20` counts twenty."""
        name, count = read_item(item)
        self._counts[name] += count

    def remove(self, item: str) -> bool:
        """Take an item out; false when it isn't there."""
        name, count = read_item(item)
        if self._counts[name] <= 0:
            return False
        self._counts[name] = max(0, self._counts[name] - count)
        return True


@lru_cache(maxsize=4096)
def read_item(item: str) -> tuple[str, int]:
    """What an item is compared by, which is no word to show, and its count."""
    text = _NOTE.sub("", item).strip().strip("\"'")
    found = _COUNT.search(text)
    count = int(next(filter(None, found.groups()))) if found else 1
    name = _ARTICLE.sub("", _COUNT.sub(" ", text).strip()).lower().replace("’", "'")
    return " ".join(_numberless(word) for word in name.split()), count


def item_name(item: str) -> str:
    """An item as written, without its count: `arrow x20` is `arrow`. Its notes stay as they are."""
    parts = re.split(rf"({_NOTE.pattern})", item)
    bare = "".join(part if part.startswith("(") else _COUNT.sub(" ", part) for part in parts)
    return " ".join(bare.split()) or item


def _numberless(word: str) -> str:
    """What a word has in common in singular and plural."""
    for ending, common in _ENDINGS:
        if ending.search(word):
            return ending.sub(common, word) or word
    return word
