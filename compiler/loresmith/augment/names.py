"""Names swapped: the members of the party and the places are called otherwise, everywhere."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loresmith.augment.people import names_for, own_names
from loresmith.augment.places import place_names, shipped_places
from loresmith.augment.pronouns import genders
from loresmith.ir.scenario import Scenario

_WORD = re.compile(r"[^\W\d_]+")
_VOWELS = "AEIOU"
_RULES = frozenset({"STR", "DEX", "CON", "INT", "WIS", "CHA"})
"""Abilities as sheets shorten them: beside a member named Dex they are no shouts."""


def swap_names(scenario: Scenario, dice: random.Random) -> Scenario:
    """The scenario with other names for its party and its places: in the sheet, in what is said, in calls and results.

    A name in capitals (`RUN, LYRA!`) becomes the other one in capitals. After `a` and `an` both read right.
    `people.py` and `places.py` decide which words name somebody or a place, `pronouns.py` whether a woman or a man.
    """
    content = scenario.model_dump(mode="json", exclude={"path", "id", "category", "tags"})
    told = "\n".join(_texts(content))
    words = set(_WORD.findall(told))
    party = scenario.system.party
    people = own_names(party, told, words)
    called = {word for member in party for word in _WORD.findall(member.name)}
    fitting = {name: names_for(gender) for name, gender in genders(party, people, told, words).items()}
    places = place_names(scenario.system, told, words)
    fitting |= {name: shipped_places() for name in places if name not in called}
    swapped = _chosen(fitting, words, dice)
    if not swapped:
        return scenario
    return Scenario.model_validate_json(json.dumps(_replaced(scenario.model_dump(mode="json"), swapped)))


def _chosen(fitting: Mapping[str, Sequence[str]], words: set[str], dice: random.Random) -> dict[str, str]:
    """Another name for each, of those that fit it, none twice and none that the scenario has."""
    swapped = dict[str, str]()
    for name, others in fitting.items():
        free = [
            other
            for other in others
            if (other[0] in _VOWELS) == (name[0] in _VOWELS)
            and other not in swapped.values()
            and not words & {other, other.lower(), other.upper()}
        ]
        if free:
            swapped[name] = dice.choice(free)
    return swapped


def _replaced(value: Any, swapped: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _WORD.sub(lambda match: _other(match[0], swapped), value)
    if isinstance(value, dict):
        return {key: inner if key in _KEPT else _replaced(inner, swapped) for key, inner in value.items()}
    return [_replaced(inner, swapped) for inner in value] if isinstance(value, list | tuple) else value


def _other(word: str, swapped: Mapping[str, str]) -> str:
    """What stands for a word: another name, in capitals where the word is."""
    shouted = word.isupper() and word not in _RULES and swapped.get(word.capitalize())
    return shouted.upper() if shouted else swapped.get(word, word)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


_KEPT = {"path", "id", "category", "tags", "split", "kind", "tool", "character_class", "race"}
"""What isn't told: where the scenario stands, and words of the rules."""
