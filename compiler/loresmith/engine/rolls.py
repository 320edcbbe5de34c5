"""`roll`: checks, saves, attacks and plain dice, by the dice of the caller.

The dice library d20 isn't what rolls here: its newest, 1.1.2, needs lark-parser 0.9, which is installed as `lark` over
the one that the compiler parses with; and it rolls by Python's global dice, while a game's dice are its own, seeded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loresmith.engine.request import Refused, Request
from loresmith.engine.sheet import Modifier
from loresmith.engine.state import GameState
from loresmith.ir.arguments import DICE

D20 = 20
MOST_DICE = 100
MOST_SIDES = 1000
DEATH_SAVE_DC = 10
"""Basic Rules of the fifth edition, chapter 9, `Death Saving Throws`."""

_WITHOUT_DC = ("initiative",)
_KEPT: dict[str | None, str] = {"advantage": "kh1", "disadvantage": "kl1"}
"""Which of two d20 counts; a mode that a project adds to these rolls one, as none does."""


@dataclass(frozen=True)
class Rolled:
    """Dice as a result shows them, and what they count."""

    text: str
    value: int


def execute_roll(state: GameState, request: Request) -> tuple[GameState, str]:
    """Roll what the call names. A check's bonus is the sheet's; against a DC only where the rules have one."""
    what, mode = request.values["what"], request.values.get("mode")
    if match := DICE.fullmatch(what.lower()):
        return state, _dice_body(match, mode, request)
    rolled = _d20(mode, request)
    modifiers = bonus_of(state, what.lower())
    total = rolled.value + sum(bonus for bonus, _ in modifiers)
    return state, sum_body(rolled.text, modifiers, total) + _against(what, rolled.value, total, request)


def bonus_of(state: GameState, what: str) -> tuple[Modifier, ...]:
    """The bonus for a check: the player's as stated, else that of the first in the party who states one, else by the
    player's abilities."""
    members = sorted(
        (being for being in state.listed if being.companion or being.name == state.player),
        key=lambda being: being.name != state.player,
    )
    if what == "death save":
        return ()
    stated = (being.sheet.stated_modifiers(what) for being in members)
    found = next((modifiers for modifiers in stated if modifiers is not None), None)
    return members[0].sheet.derived_modifiers(what) if found is None else found


def sum_body(first: str, modifiers: tuple[Modifier, ...], total: int) -> str:
    """The terms and the total: `15 + 5(skill) = *20*`; an empty source isn't shown."""
    terms = [first]
    for bonus, source in modifiers:
        terms += ["-" if bonus < 0 else "+", f"{abs(bonus)}({source})" if source else str(abs(bonus))]
    return f"{' '.join(terms)} = *{total}*"


def _dice_body(match: re.Match[str], mode: str | None, request: Request) -> str:
    count, sides, keep = int(match[1]), int(match[2]), match[3] or ""
    if count > MOST_DICE or sides > MOST_SIDES:
        raise Refused("wrong arguments", f"no more than {MOST_DICE} dice of {MOST_SIDES} sides can be rolled")
    if mode in _KEPT and (count, sides, keep) != (1, D20, ""):
        raise Refused("wrong arguments", f"{mode} is for a single d20")
    rolled = _kept_d20(mode, request) if mode in _KEPT else _dice(count, sides, keep, request)
    modifiers = tuple((int(sign), "") for sign in re.findall(r"[+-]\d+", re.sub(r"\s", "", match[4])))
    return sum_body(rolled.text, modifiers, rolled.value + sum(bonus for bonus, _ in modifiers))


def _d20(mode: str | None, request: Request) -> Rolled:
    if mode in _KEPT:
        return _kept_d20(mode, request)
    value = request.dice.randint(1, D20)
    return Rolled(str(value), value)


def _kept_d20(mode: str | None, request: Request) -> Rolled:
    return _dice(2, D20, _KEPT[mode], request)


def _dice(count: int, sides: int, keep: str, request: Request) -> Rolled:
    values = [request.dice.randint(1, sides) for _ in range(count)]
    value = {"kh1": max, "kl1": min}.get(keep, sum)(values)
    return Rolled(f"{count}d{sides}{keep}[{', '.join(map(str, values))}]", value)


def _against(what: str, natural: int, total: int, request: Request) -> str:
    """` vs DC 15 success`, where there is a DC. An attack is held against an AC; a natural 20 hits, a 1 misses."""
    difficulty = request.rules.difficulty
    if difficulty is None or what in _WITHOUT_DC:
        return ""
    if what == "attack":
        hits = total >= difficulty if natural not in (1, D20) else natural == D20
        return f" vs AC {difficulty} {'hit' if hits else 'miss'}"
    difficulty = DEATH_SAVE_DC if what == "death save" else difficulty
    return f" vs DC {difficulty} {'success' if total >= difficulty else 'failure'}"
