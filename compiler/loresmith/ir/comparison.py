"""How words are compared: arguments with the choices of their tool, a result's label with the calls that it may
answer."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def comparable_words(text: str) -> str:
    """Words without what doesn't tell them from others: letter case, underscores, kinds of apostrophe, how much white
    space there is."""
    return " ".join(text.replace("_", " ").replace("’", "'").lower().split())


@lru_cache(maxsize=4096)
def comparable_label(text: str) -> str:
    """A label as `comparable_words`, without the white space around a plus too (`1d6 + 2` is `1d6+2`)."""
    return comparable_words(text).replace(" + ", "+")
