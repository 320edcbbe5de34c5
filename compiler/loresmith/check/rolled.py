"""The dice of a result against those that its call names: what SC408 says of rolls."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loresmith.elaborate.draft import MadeCall
from loresmith.ir.arguments import DICE
from loresmith.syntax.tree import Range, SumSyntax, Term

D20 = 20
_KEPT = {"advantage": "kh1", "disadvantage": "kl1"}
Dice = tuple[int, int, str, tuple[int, ...]]
Problem = tuple[Range, str, str | None]
"""A place in a result, what is wrong there, and a hint."""


def roll_problem(made: MadeCall, total: SumSyntax) -> Problem | None:
    """Other dice than the call's, or another modifier."""
    wanted = DICE.fullmatch(made.call.arguments[0].value) if made.call else None
    dice, mode = total.terms[0].dice, _mode_of(made)
    count, sides = (int(wanted[1]), int(wanted[2])) if wanted else (1, D20)
    keep = (wanted[3] or "") if wanted else ""
    if dice and not _fits(dice, (count, sides, keep), mode):
        message = f"{made.text} rolls {count}d{sides}{keep}, not {dice[0]}d{dice[1]}{dice[2]}."
        return total.terms[0].range, message, None
    if mode in _KEPT and dice and dice[2] != _KEPT[mode] and (dice[2] or keep_left_out(made, total)):
        return total.terms[0].range, *_kept_message(mode, dice)
    return _modifier_problem(made, total, wanted)


def keep_left_out(made: MadeCall, total: SumSyntax) -> bool:
    """Whether both dice of a check with advantage or disadvantage stand there and none is kept: what they come to
    isn't known then."""
    dice, wanted = total.terms[0].dice, DICE.fullmatch(made.call.arguments[0].value) if made.call else None
    one = wanted is None or (wanted[1], wanted[2]) == ("1", str(D20))
    return one and _mode_of(made) in _KEPT and dice is not None and dice[:3] == (2, D20, "")


def _kept_message(mode: str, dice: Dice) -> tuple[str, str]:
    keep, which = _KEPT[mode], "higher" if mode == "advantage" else "lower"
    shown = f"{dice[0]}d{dice[1]}{keep}[{', '.join(map(str, dice[3]))}]"
    return f"With {mode} the {which} die counts ({keep}).", f"Write {shown}."


def _modifier_problem(made: MadeCall, total: SumSyntax, wanted: re.Match[str] | None) -> Problem | None:
    modifier = sum(map(int, re.findall(r"[+-]\d+", re.sub(r"\s", "", wanted[4])))) if wanted else 0
    added, shown = _plain_total(total.terms[1:]), total.terms[0].dice is not None
    compared = (wanted is not None) if shown else bool(modifier and total.terms[1:])
    if not compared or added in (None, modifier):
        return None
    place = total.change_range if total.terms[1:] else total.terms[0].range
    return place, f"{made.text} adds {modifier:+d}, not {added:+d}.", None


def _mode_of(made: MadeCall) -> str:
    """`advantage`, `disadvantage`, or nothing."""
    return made.call.arguments[1].value if made.call and len(made.call.arguments) > 1 else ""


def _fits(dice: Dice, wanted: tuple[int, int, str], mode: str) -> bool:
    """Whether rolled dice are those that the call names; a d20 may be rolled twice and one kept."""
    rolled, shown, keep, _ = dice
    count, sides, wanted_keep = wanted
    if shown != sides:
        return False
    if (sides, count, rolled) == (D20, 1, 2):
        return bool(keep or mode)
    return rolled == count and (keep == wanted_keep or count == 1 or mode in _KEPT)


def _plain_total(terms: Sequence[Term]) -> int | None:
    """What terms come to, or None where dice are among them."""
    return None if any(term.dice for term in terms) else sum(term.sign * term.value for term in terms)
