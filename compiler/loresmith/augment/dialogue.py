"""Dialogue: a copy that ends before the first call, so that replies without one weigh more."""

from __future__ import annotations

import random

from loresmith.ir.scenario import Call, DmTurn, Scenario

_SHARE = 0.5
"""Of the copies that could be cut, so many are: the others keep their calls."""


def cut_to_dialogue(scenario: Scenario, dice: random.Random) -> Scenario:
    """The scenario up to the last reply before its first call; every second time, by the dice, it stays whole.

    The opening alone can be had without calls truthfully: later on, what is said rests on what calls did before. It
    stays whole where no reply to the player stands before the first call.
    """
    if dice.random() >= _SHARE:
        return scenario
    first = next((n for n, turn in enumerate(scenario.turns) if _calls(turn)), len(scenario.turns))
    kept = scenario.turns[:first]
    while kept and kept[-1].role == "user":
        kept = kept[:-1]
    answers = any(turn.role == "user" for turn in kept)
    return scenario.model_copy(update={"turns": kept}) if answers else scenario


def _calls(turn: object) -> bool:
    return isinstance(turn, DmTurn) and any(isinstance(part, Call) for part in turn.parts)
