"""Which words of a scenario's world and location are the own names of places."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import yaml

from loresmith.ir.scenario import System

_NAMED = re.compile(
    r"\b(?:above|at|before|below|beneath|beyond|from|in|inside|into|near|of|off|on|outside|past|to|under)"
    r" ((?:[A-Z][a-z]+ )*[A-Z][a-z]+)(?![\w'’-]| [A-Z])"
)
"""Capitalised words behind a preposition without an article; with `'s` they are rather somebody's."""
_TITLE = re.compile(r"[A-Z]\w* of ")
"""What a title or a chamber is of (`Lady of Rags`, `Hall of Mirrors`) needs be no place."""


def place_names(system: System, words: set[str]) -> list[str]:
    """The own names of the places that World and Location tell of, sorted; `words` are all of the scenario's.

    Where several words name a place, all but one must be words that stand beside such a name (`Port Sabra`). A name
    that also stands in the scenario in lower case or within a longer word (`Karrow`, `Karrowan`) is left out.
    """
    text = f"{system.world or ''}\n{system.location or ''}"
    titled = {match.end() for match in _TITLE.finditer(text)}
    found = {
        name for match in _NAMED.finditer(text) if match.start(1) not in titled for name in _own(match[1])
    }
    longer = {word for word in words if any(word != name and word.startswith(name) for name in found)}
    return sorted(
        name
        for name in found
        if name.lower() not in words and not any(word.startswith(name) for word in longer)
    )


def _own(named: str) -> list[str]:
    """The one word of a place's name that is its own; none where that can't be told."""
    own = [word for word in named.split() if word not in _listed()["beside"]]
    return own if len(own) == 1 and own[0] not in _listed()["never"] else []


def shipped_places() -> tuple[str, ...]:
    """The names of places to choose from, invented."""
    return _listed()["places"]


@cache
def _listed() -> dict[str, tuple[str, ...]]:
    source = resources.files("loresmith.augment").joinpath("places.yaml").read_text(encoding="utf-8")
    return {key: tuple(names) for key, names in yaml.safe_load(source).items()}
