"""Dice re-rolled: another die with the same outcome, where nothing told depends on the number."""

from __future__ import annotations

import random

from loresmith.augment.spoken import numbers_spoken
from loresmith.engine.reroll import DIE, rerolled
from loresmith.ir.scenario import DmTurn, Result, Scenario
from loresmith.syntax.results import parse_result

_KEPT_OUTCOMES = ("success", "failure", "hit", "miss")
"""A critical hit and a fumble are what the die shows: they stay."""


def reroll_dice(scenario: Scenario, dice: random.Random) -> Scenario:
    """The scenario with other dice in its checks. Each keeps its outcome, and its sum is true.

    A check whose die or total is spoken of stays as it is, as do all rolls without a DC or AC: what they come to is
    what the story goes on with.
    """
    said = numbers_spoken(scenario)
    turns = [
        turn.model_copy(update={"parts": tuple(_rerolled(part, said, dice) for part in turn.parts)})
        if isinstance(turn, DmTurn)
        else turn
        for turn in scenario.turns
    ]
    return scenario.model_copy(update={"turns": tuple(turns)})


def _rerolled(part: object, said: set[int], dice: random.Random) -> object:
    if not isinstance(part, Result):
        return part
    text = f"{part.label}: {part.body}"
    total = parse_result(text, 0).sum
    if total is None or total.against is None or total.outcome not in _KEPT_OUTCOMES or total.terms[0].dice:
        return part
    die, won = total.terms[0].value, total.total >= total.against
    if die in (1, DIE) or {die, total.total} & said:
        return part
    rest = total.total - die
    fitting = [n for n in range(2, DIE) if n != die and (n + rest >= total.against) == won]
    other = rerolled(text, dice.choice(fitting)) if fitting else None
    return _as_result(part, other) if other else part


def _as_result(part: Result, text: str) -> Result:
    read = parse_result(text, 0)
    return part.model_copy(update={"body": read.body, "total": read.sum.total if read.sum else None})
