"""What type a parameter has whose values are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter, ValidationError

from loresmith.discover.uses import UsedArgument
from loresmith.ir.arguments import DICE, INTEGER
from loresmith.ir.tools import Word

MOST_CHOICES = 6
"""More values than this are text: a list that grows with each scenario is no choice."""
USES_FOR_EACH = 2
"""A choice's values come back: on average each of them this often."""

_WORD = TypeAdapter[str](Word)


def infer_type(arguments: Sequence[UsedArgument]) -> Mapping[str, object]:
    """The type of a parameter as an entry has it: `{"type": "integer", "sign": "required"}`.

    Without any argument it is text.
    """
    values = [argument.value for argument in arguments]
    if values and all(INTEGER.fullmatch(value) for value in values):
        signed = all(value[0] in "+-" for value in values)
        return {"type": "integer"} | ({"sign": "required"} if signed else {})
    if _are_names(arguments):
        return {"type": "name"}
    words = [value for value in values if not _is_dice(value)]
    dice = {"dice": True} if len(words) < len(values) else {}
    choices = _choices(words)
    if (dice and not words) or choices:
        return {"type": "choice"} | ({"values": choices} if choices else {}) | dice
    return {"type": "text"}


def _are_names(arguments: Sequence[UsedArgument]) -> bool:
    """Whether everybody named is there, and most are of the party: any noun may be a creature's name."""
    members = sum(argument.member for argument in arguments)
    return members * 2 > len(arguments) and all(a.member or a.met for a in arguments)


def _is_dice(value: str) -> bool:
    match = DICE.fullmatch(value.lower())
    return match is not None and int(match[1]) >= 1 and int(match[2]) >= 2


def _choices(words: Sequence[str]) -> list[str]:
    """The values of a choice, sorted; none where the words are free text."""
    values = sorted({re.sub(r"[\s_]+", " ", word).strip().lower() for word in words})
    few = 0 < len(values) <= MOST_CHOICES and len(words) >= USES_FOR_EACH * len(values)
    return values if few and all(map(_is_word, values)) else []


def _is_word(value: str) -> bool:
    try:
        _WORD.validate_python(value)
    except ValidationError:
        return False
    return True
