"""Whether a scenario has a name in another form too, which a swap would leave behind."""

from __future__ import annotations

_ENDINGS = ("s", "es", "y", "ie")
"""Of plurals, pet names, and what is somebody's and lacks its apostrophe (`gwens dress`)."""
_SHORTEST = 3


def has_other_form(name: str, words: set[str]) -> bool:
    """Whether one of the words is the name with an ending, in any letters, or may be its short or its long form.

    A short form (`Mari` for `Marigold`) or a long one is a capitalised word that doesn't stand in lower case as well.
    """
    ending = {name.lower() + ending for ending in _ENDINGS} | {name.lower().removesuffix("y") + "ies"}
    starts = (name[:length] for length in range(_SHORTEST, len(name)))
    return any(_stands_as_name(start, words) for start in starts) or any(
        w.lower() in ending or (w != name and w.startswith(name) and w.lower() not in words) for w in words
    )


def _stands_as_name(word: str, words: set[str]) -> bool:
    return bool({word, word.upper()} & words) and word.lower() not in words
