"""Which words of a scenario's world and location are the own names of places."""

from __future__ import annotations

import re
from functools import cache

from loresmith.augment.forms import has_other_form
from loresmith.augment.lists import listed, words_listed
from loresmith.augment.people import title_words
from loresmith.ir.scenario import System
from loresmith.ir.vocabulary import load_vocabulary

_PREPOSITIONS = (
    "above", "at", "below", "beneath", "beyond", "from", "in", "inside", "into", "near", "of", "off", "outside", "past",
    "to", "under",
)  # fmt: skip
_NAMED = re.compile(
    rf"\b(?:{'|'.join(_PREPOSITIONS)})"
    r" ((?:[A-Z][a-z]+ )*[A-Z][a-z]+)(?![\w'’-]| [A-Z])"
)
"""Capitalised words behind a preposition without an article; with `'s` they are rather somebody's. Behind `on` and
`before` stands a time or a rule as often (`on Thursdays`, `before Lent`)."""
_TITLE = re.compile(r"[A-Z]\w* of ")
"""What a title or a chamber is of (`Lady of Rags`, `Hall of Mirrors`) needs be no place."""
_NAME = r"(?<!\w)([^\W\d_]+)"
_BEHIND_NONE = re.compile("".join(rf"(?<!(?i:\b{word}) )" for word in _PREPOSITIONS) + _NAME)
"""A word that no preposition stands before."""


def place_names(system: System, told: str, words: set[str]) -> list[str]:
    """The own names of the places that World and Location tell of, sorted; `words` are those of all that is `told`.

    Where several words name a place, all but one must be words that stand beside such a name (`Port Sabra`). A name
    that also stands in the scenario in lower case or in another form (`Karrow`, `Karrowan`) is left out, as is one that
    may be somebody's, a part of a longer name, or shouted as another word.
    """
    text = f"{system.world or ''}\n{system.location or ''}"
    titled = {match.end() for match in _TITLE.finditer(text)}
    found = {
        name for match in _NAMED.finditer(text) if match.start(1) not in titled for name in _own(match[1])
    }
    others = {name for pattern in _no_places() for name in pattern.findall(told)}
    shouted = {word.capitalize() for word in _BEHIND_NONE.findall(told) if word.isupper()}
    return sorted(
        name
        for name in found - others - shouted
        if name.lower() not in words and not has_other_form(name, words)
    )


def _own(named: str) -> list[str]:
    """The one word of a place's name that is its own; none where that can't be told."""
    own = [word for word in named.split() if word not in listed("places")["beside"]]
    return own if len(own) == 1 and not {own[0], own[0].removesuffix("s")} & _never() else []


@cache
def _never() -> frozenset[str]:
    """The words that name no place: listed ones, times, and those of the rules (`disadvantage to Stealth`)."""
    values = " ".join(value for values in load_vocabulary().lists.values() for value in values)
    rules = {word.capitalize() for word in re.findall(r"\w+", values)}
    return words_listed("calendar") | rules | set(listed("places")["never"])


@cache
def _no_places() -> tuple[re.Pattern[str], ...]:
    """How a name stands that is no place's own: before what somebody does or says (`Geirmund: "What."`), behind `says`
    or `asks`, behind a title (`Farmer Anselm`), as the beginning of a longer name (`Fim da Linha`)."""
    acts, links, titles = (
        "|".join(words)
        for words in (listed("places")["acts"], listed("places")["links"], sorted(title_words()))
    )
    return (
        re.compile(rf"{_NAME}(?= (?:{acts})\b)"),
        re.compile(rf"^{_NAME}: ", re.MULTILINE),
        re.compile(rf"\b(?:says|asks) {_NAME}"),
        # Two titles may stand before a name: the first match must leave the second to the next.
        re.compile(rf"(?<!\w)(?i:{titles})\.? (?={_NAME})"),
        re.compile(rf"{_NAME} (?:(?:{links}) |d['’])\w"),
    )


def shipped_places() -> tuple[str, ...]:
    """The names of places to choose from, invented."""
    return tuple(listed("places")["places"])
