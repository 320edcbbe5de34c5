"""Which words of the party's names are own names, and the names to choose others from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml

from loresmith.ir.scenario import Member

SHORTEST = 3
"""Letters of a word that counts as a name: shorter ones are particles (`of`, `al`)."""
_WORD = re.compile(r"[^\W\d_]+")


def own_names(party: Sequence[Member], told: str, words: set[str]) -> list[str]:
    """The words of the party's names that name nobody and nothing else, sorted; `words` are those of what is `told`.

    No such name is a title, a word that also stands in lower case, or one that stands before a capitalised word of
    another name: beside the party's `Private Una` there may be a `Private Dale`.
    """
    names = [set(_WORD.findall(member.name)) for member in party]
    return sorted(
        word
        for word in set[str]().union(*names)
        if _is_name(word, words) and all(_followers(word, told) <= name for name in names if word in name)
    )


def _is_name(word: str, words: set[str]) -> bool:
    capitalised = word[0].isupper() and word[1:].islower()
    return len(word) >= SHORTEST and capitalised and word.lower() not in words and word not in _titles()


def _followers(word: str, told: str) -> set[str]:
    """The capitalised words that stand behind a word."""
    found = re.findall(rf"(?<!\w){word} ([^\W\d_]+)", told)
    return {other for other in found if other[0].isupper() and other[1:].islower()}


def shipped_names() -> tuple[str, ...]:
    """The names to choose from, of many tongues."""
    return tuple(_listed()["names"])


@cache
def _titles() -> frozenset[str]:
    return frozenset(title for titles in _listed()["titles"].values() for title in titles)


@cache
def _listed() -> dict[str, Any]:
    source = resources.files("loresmith.augment").joinpath("names.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(source)
