"""A result whose die fell otherwise, or whose ledger began elsewhere."""

from __future__ import annotations

import re

from loresmith.syntax.results import parse_result
from loresmith.syntax.tree import Range

DIE = 20


def rerolled(text: str, die: int, outcome: str | None = None) -> str | None:
    """The inside of a d20 result with another die, its total following: `stealth: 15 + 5 = *20* vs DC 15 success`.

    `outcome` takes the place of the old one. None where the text has no plain die as its first term, or the die isn't
    on a d20.
    """
    total = parse_result(text, 0).sum
    if total is None or total.terms[0].dice or not 1 <= die <= DIE:
        return None
    first = total.terms[0]
    changes = [
        (first.range, _with_number(text, first.range, die)),
        (total.total_range, _with_number(text, total.total_range, total.total + die - first.value)),
    ]
    if outcome is not None and total.outcome_range is not None:
        changes.append((total.outcome_range, outcome))
    for place, words in reversed(changes):
        text = text[: place.start] + words + text[place.end :]
    return text


def refilled(text: str, first: int, total: int) -> str | None:
    """The inside of a ledger's result with another first term and total: `health: 7 - 5 = *2*`. None for no sum."""
    sum_ = parse_result(text, 0).sum
    if sum_ is None:
        return None
    for place, number in ((sum_.total_range, total), (sum_.terms[0].range, first)):
        text = text[: place.start] + _with_number(text, place, number) + text[place.end :]
    return text


def _with_number(text: str, place: Range, number: int) -> str:
    return re.sub(r"-?\d+", str(number), text[place.start : place.end], count=1)
