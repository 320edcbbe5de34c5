"""What a member carries: items are the same without article, number, note and letter case."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from loresmith.ir.numbers import TOLD_DIGITS

_NOTE = re.compile(r"\([^()]*\)")
_DIGITS = rf"\d{{1,{TOLD_DIGITS}}}"
_COUNT = re.compile(rf"\s*[x×]\s*({_DIGITS})\b|\b({_DIGITS})\s*[x×](?=\s)|^({_DIGITS})\s+", re.I)
_ARTICLE = re.compile(r"^(?:the|an|a|some|his|her|their)\s+", re.I)


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
    """What an item is compared by, and its count."""
    text = _NOTE.sub("", item).strip().strip("\"'")
    found = _COUNT.search(text)
    count = int(next(filter(None, found.groups()))) if found else 1
    name = " ".join(_ARTICLE.sub("", _COUNT.sub(" ", text).strip()).lower().split())
    return _singular(name), count


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    if re.search(r"(?:ch|sh|x|ss)es$", name):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
