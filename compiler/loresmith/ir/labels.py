"""How a result's label is compared with the calls that it may answer."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def comparable_label(text: str) -> str:
    """A label without what doesn't tell it from another: letter case, underscores, kinds of apostrophe, white space,
    that around a plus too (`1d6 + 2` is `1d6+2`)."""
    return " ".join(text.replace("_", " ").replace("’", "'").lower().split()).replace(" + ", "+")
