"""Whether a scenario has a name in another form too, which a swap would leave behind."""

from __future__ import annotations

import unicodedata
from functools import cache

_ENDINGS = ("s", "es", "y", "ie")
"""Of plurals, pet names, and what is somebody's and lacks its apostrophe (`gwens dress`)."""
_SHORTEST = 3
_COMMON = 4.0
"""The Zipf frequency of a word that stands ten times in a million: those below are rather short names (`jed`, 3.1)."""


def has_other_form(name: str, words: set[str]) -> bool:
    """Whether one of the words is the name with other accents or capitals, or with an ending in any letters, or may be
    its short or its long form.

    A short form (`Mari` for `Marigold`) or a long one is a capitalised word that doesn't stand in lower case as well; a
    short one may also be a word in lower case that is no common one (`thess` for `Thessaly`).
    """
    if any(_plain(w.lower()) == _plain(name.lower()) and w not in (name, name.upper()) for w in words):
        return True
    name, words = _plain(name), {_plain(word) for word in words}
    ending = {name.lower() + ending for ending in _ENDINGS} | {name.lower().removesuffix("y") + "ies"}
    starts = (name[:length] for length in range(_SHORTEST, len(name)))
    return any(_stands_as_name(start, words) for start in starts) or any(
        w.lower() in ending or (w != name and w.startswith(name) and w.lower() not in words) for w in words
    )


def _stands_as_name(word: str, words: set[str]) -> bool:
    if word.lower() in words:
        return not _is_common(word.lower())
    return bool({word, word.upper()} & words)


@cache
def _plain(word: str) -> str:
    """A word without its accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


@cache
def _is_common(word: str) -> bool:
    # Only who trains has it installed.
    from wordfreq import zipf_frequency

    return zipf_frequency(word, "en", wordlist="small") >= _COMMON
