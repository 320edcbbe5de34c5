"""The numbers that a scenario speaks of outside its sheets and sums: nothing that they may stand for is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from loresmith.ir.numbers import TOLD_DIGITS
from loresmith.ir.scenario import Call, Result, Scenario, Text, Turn, UserTurn

_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: number for number, word in enumerate(_UNITS)} | {
    word: 10 * number for number, word in enumerate(_TENS, start=2)
}
_NUMBER = re.compile(
    rf"(?<!\d)\d{{1,{TOLD_DIGITS}}}(?!\d)"
    rf"|\b({'|'.join(_TENS)})(?:[ -]({'|'.join(_UNITS[1:10])}))?\b|\b({'|'.join(_UNITS)})\b",
    re.IGNORECASE,
)
"""No sheet and no sum has a number of more digits."""


def numbers_spoken(scenario: Scenario) -> set[int]:
    """The numbers in what is told and said, in the scene's description and in results that are no sums: digits, and
    English words up to ninety-nine. `forty-two` speaks of 42 alone."""
    system = scenario.system
    texts = [
        system.role,
        system.world or "",
        system.location or "",
        *(field.value for field in system.fields),
    ]
    for turn in scenario.turns:
        texts += words_told(turn)
    return _numbers(texts)


def numbers_told(turn: Turn) -> set[int]:
    """The numbers that one turn speaks of outside its sums."""
    return _numbers(words_told(turn))


def words_told(turn: Turn) -> list[str]:
    """What one turn says and tells, without its calls and sums."""
    return [turn.text] if isinstance(turn, UserTurn) else [_words(part) for part in turn.parts]


def _numbers(texts: Iterable[str]) -> set[int]:
    return {_value(match) for text in texts for match in _NUMBER.finditer(text)}


def _words(part: Text | Call | Result) -> str:
    if isinstance(part, Text):
        return part.text
    return part.body if isinstance(part, Result) and part.total is None else ""


def _value(match: re.Match[str]) -> int:
    tens, unit, alone = (group.lower() if group else None for group in match.groups())
    if tens:
        return _VALUES[tens] + (_VALUES[unit] if unit else 0)
    return _VALUES[alone] if alone else int(match[0])
