"""Arguments against parameters: which belongs to which, whether its value is right, how it is spelled."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from loresmith.ir.comparison import comparable_words
from loresmith.ir.numbers import CALL_DIGITS
from loresmith.ir.scenario import Argument
from loresmith.ir.tools import Parameter, Tool

Assigned = list[tuple[Parameter, Argument]]

_DIGITS = f"[0-9]{{1,{CALL_DIGITS}}}"
DICE = re.compile(rf"({_DIGITS})d({_DIGITS})(kh1|kl1)?((?:\s*[+-]\s*{_DIGITS})*)")
"""A dice expression in lower case: count, sides, keep, modifiers."""
INTEGER = re.compile(rf"[+-]?{_DIGITS}")
_NAMED = re.compile(r"[A-Za-z0-9_]+\s*=")


def assign_arguments(tool: Tool, arguments: Sequence[Argument]) -> Assigned | None:
    """Each argument with its parameter, in the tool's order; None where they don't fit.

    A `name` may be missing: whether the party allows that is the caller's question.
    """
    named = {a.name.lower(): a for a in arguments if a.name}
    positional = [a for a in arguments if not a.name]
    if len(named) + len(positional) < len(arguments) or not named.keys() <= {p.name for p in tool.parameters}:
        return None
    free = [p for p in tool.parameters if p.name not in named]
    if tool.name_omitted(len(arguments)):
        free = _without_first_name(free)
    if len(positional) > len(free) or any(p.required for p in free[len(positional) :]):
        return None
    taken = {p.name: a for p, a in zip(free, positional, strict=False)} | named
    return [(p, taken[p.name]) for p in tool.parameters if p.name in taken]


def names_needed(tool: Tool, assigned: Assigned) -> set[str]:
    """The parameters that a call has to name: a skipped one stands before them, or the value looks named.

    A required `name` that is left out is no skipped one: its place closes up.
    """
    given = {parameter.name for parameter, _ in assigned}
    skipped = next((i for i, p in enumerate(tool.parameters) if not p.required and p.name not in given), None)
    late = set[str]() if skipped is None else {p.name for p in tool.parameters[skipped:]} & given
    return late | {p.name for p, a in assigned if _NAMED.match(a.value)}


def _without_first_name(parameters: list[Parameter]) -> list[Parameter]:
    first = next((p for p in parameters if p.type == "name"), None)
    return [p for p in parameters if p is not first]


def canonical_value(parameter: Parameter, value: str, lists: Mapping[str, Sequence[str]]) -> str:
    """The value as the formatter writes it; a wrong one stays as it is."""
    if parameter.type == "integer" and INTEGER.fullmatch(value):
        return value.removeprefix("+") if parameter.sign == "optional" else value
    if parameter.type == "choice":
        if parameter.dice and DICE.fullmatch(value.lower()):
            return re.sub(r"\s", "", value).lower()
        return _spellings(parameter.choices(lists)).get(comparable_words(value), value)
    return value


def value_problem(
    parameter: Parameter, value: str, lists: Mapping[str, Sequence[str]]
) -> tuple[str, str | None] | None:
    """The reason why a value is wrong, with a hint; None when it is right."""
    if parameter.type == "integer":
        return _integer_problem(parameter, value)
    if parameter.type == "choice":
        return _choice_problem(parameter, value, lists)
    return None


def _integer_problem(parameter: Parameter, value: str) -> tuple[str, str | None] | None:
    if not INTEGER.fullmatch(value):
        return _length_problem(parameter, value) or (
            f"`{parameter.name}` is a whole number, not {value!r}.",
            _keyboard_sign(value),
        )
    if parameter.sign == "required" and value[0] not in "+-":
        return f"`{parameter.name}` needs its sign.", f"Write +{value} or -{value}."
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and int(value) < low) or (high is not None and int(value) > high):
        bounds = f"{'' if low is None else low}…{'' if high is None else high}"
        return f"`{parameter.name}` is {value}, out of its range {bounds}.", None
    return None


def _keyboard_sign(value: str) -> str | None:
    """What to do where a number has a typesetter's minus."""
    typed = f"-{value[1:]}" if value[:1] in ("\u2212", "\u2013", "\u2010", "\u2011") else ""
    return f"Write {typed}, with the keyboard's own minus sign." if INTEGER.fullmatch(typed) else None


def _choice_problem(
    parameter: Parameter, value: str, lists: Mapping[str, Sequence[str]]
) -> tuple[str, str | None] | None:
    choices = parameter.choices(lists)
    if comparable_words(value) in _spellings(choices):
        return None
    if parameter.dice and re.fullmatch(r"[0-9]*d[0-9]+.*", value, re.I):
        return _dice_problem(parameter, value)
    close = _shortened(comparable_words(value), choices) or difflib.get_close_matches(
        comparable_words(value), choices, n=1
    )
    hint = f"Did you mean {close[0]!r}?" if close else _listing(choices, parameter.dice)
    return f"`{parameter.name}` can't be {value!r}.", hint


def _shortened(value: str, choices: Sequence[str]) -> list[str]:
    """The only choice whose words begin as the value's do, three letters at least: `dex save` is `dexterity save`."""
    begun = value.split()
    long = [
        choice
        for choice in choices
        if len(words := choice.split()) == len(begun)
        and all(len(short) >= 3 and word.startswith(short) for short, word in zip(begun, words, strict=True))
    ]
    return long if len(long) == 1 else []


def _dice_problem(parameter: Parameter, value: str) -> tuple[str, str | None] | None:
    match = DICE.fullmatch(value.lower())
    if match and int(match[1]) >= 1 and int(match[2]) >= 2:
        return None
    return _length_problem(parameter, value) or (
        f"`{parameter.name}` isn't a dice expression: {value!r}.",
        "Write it as 1d20 or 2d6+3.",
    )


def _length_problem(parameter: Parameter, value: str) -> tuple[str, None] | None:
    """The reason why a value is wrong that has a number of too many digits."""
    longest = max(map(len, re.findall(r"[0-9]+", value)), default=0)
    if longest <= CALL_DIGITS:
        return None
    return f"`{parameter.name}` has a number of {longest} digits; a call's has at most {CALL_DIGITS}.", None


def _listing(choices: Sequence[str], dice: bool) -> str:
    shown = ", ".join(choices[:8]) + (", …" if len(choices) > 8 else "")
    return f"Allowed: {shown}{', or dice such as 2d6+3' if dice else ''}."


@lru_cache(maxsize=256)
def _spellings(choices: tuple[str, ...]) -> dict[str, str]:
    """The choices by what they are compared by; of two that are the same the first."""
    return {comparable_words(choice): choice for choice in reversed(choices)}
