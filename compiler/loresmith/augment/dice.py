"""Dice re-rolled: another die with the same outcome, where nothing told depends on the number."""

from __future__ import annotations

import random
import re
from functools import cache

from loresmith.augment.exchanges import Answered, Place, certain_answers, with_results, written
from loresmith.augment.lists import words_listed
from loresmith.augment.spoken import numbers_spoken, numbers_told, words_told
from loresmith.engine.reroll import DIE, rerolled
from loresmith.ir.arguments import DICE
from loresmith.ir.scenario import Call, Result, Scenario, Turn
from loresmith.syntax.results import parse_result

_KEPT_OUTCOMES = ("success", "failure", "hit", "miss")
"""A critical hit and a fumble are what the die shows: they stay."""
_CLOSE = 1
"""The most by which a total passes or misses what it is held against where the reply may call it close."""


def reroll_dice(scenario: Scenario, dice: random.Random) -> Scenario:
    """The scenario with other dice in its checks. Each keeps its outcome, and its sum is true.

    A check whose die or total is spoken of, or in its own reply its margin or that it was close, stays as it is, as do
    all rolls without a DC or AC: what they come to is what the story goes on with; and those where it can't be told
    which call they answer.
    """
    said, changed = numbers_spoken(scenario), dict[Place, Result]()
    for one in certain_answers(scenario):
        if _rolls_one_d20(one.call) and (other := _rerolled(one, said, scenario, dice)):
            changed[one.turn, one.part] = other
    return scenario.model_copy(update={"turns": with_results(scenario, changed)})


def _rolls_one_d20(call: Call) -> bool:
    """Whether a call is a check, a save or an attack: a roll that names no dice of its own."""
    return call.tool == "roll" and not DICE.fullmatch(call.arguments[0].value.lower())


def _rerolled(one: Answered, said: set[int], scenario: Scenario, dice: random.Random) -> Result | None:
    total = one.sum
    if total.against is None or total.outcome not in _KEPT_OUTCOMES or total.terms[0].dice:
        return None
    die, won = total.terms[0].value, total.total >= total.against
    margin = abs(total.total - total.against)
    if die in (1, DIE) or {die, total.total} & said or _tells(scenario.turns[one.turn], margin):
        return None
    rest = total.total - die
    fitting = [n for n in range(2, DIE) if n != die and (n + rest >= total.against) == won]
    other = rerolled(written(one.result), dice.choice(fitting)) if fitting else None
    return _as_result(one.result, other) if other else None


def _tells(turn: Turn, margin: int) -> bool:
    """Whether a turn tells the margin of a check, as a number or as a close one."""
    close = margin <= _CLOSE and any(_narrow().search(words) for words in words_told(turn))
    return close or margin in numbers_told(turn)


@cache
def _narrow() -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(sorted(words_listed('margins')))})\b", re.IGNORECASE)


def _as_result(part: Result, text: str) -> Result:
    read = parse_result(text, 0)
    return part.model_copy(update={"body": read.body, "total": read.sum.total if read.sum else None})
