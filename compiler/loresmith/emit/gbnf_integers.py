"""Whole numbers within bounds, as GBNF: the digits decide, so the bounds become ranges of digits."""

from __future__ import annotations

from loresmith.emit.gbnf_rules import any_of
from loresmith.ir.numbers import CALL_DIGITS, MOST

Bound = int | None


def integer(low: Bound, high: Bound, *, plus: str | None, minus: bool = True) -> str | None:
    """A number from `low` to `high`, leading zeros allowed; None where there is no such number.

    Without a bound the length of a call's numbers is one. `plus` is how one without a minus begins (`"+"` or `"+"?`);
    with None, or with `minus` false, there are none without or with a minus.
    """
    least, most = -MOST if low is None else low, MOST if high is None else high
    found = list[str]()
    if minus and least <= 0:
        digits = _magnitude(max(0, -most), -least)
        found += [f'"-" {digits}'] if digits else []
    if plus is not None and most >= 0:
        digits = _magnitude(max(0, least), most)
        found += [f"{plus} {digits}"] if digits else []
    return any_of(found) if found else None


def at_least(low: int, digits: int = CALL_DIGITS) -> str:
    """A number from `low` (1 to 9) on, of so many digits at most, zeros before it among them.

    Each zero leaves a digit less: told apart at the first digit, so that llama.cpp follows few ways at once.
    """
    if digits == 1:
        return _digit(str(low), "9")
    found = [f'"0" {at_least(low, digits - 1)}', f"{_digit(str(low), '9')} [0-9]{{0,{digits - 1}}}"]
    if low > 1:
        found.append(f"{_digit('1', str(low - 1))} [0-9]{{1,{digits - 1}}}")
    return any_of(found)


def _magnitude(low: int, high: int) -> str | None:
    if high < low:
        return None
    if high == MOST and low < 10:
        return at_least(low) if low else f"[0-9]{{1,{CALL_DIGITS}}}"
    found = [f'"0"{{1,{CALL_DIGITS}}}'] if low == 0 else []
    return any_of(found + (_by_length(max(1, low), high) if high else []))


def _by_length(low: int, high: int) -> list[str]:
    """The numbers from `low` (at least 1) to `high`, one alternative for each count of digits."""
    found, count, last = list[str](), len(str(low)), len(str(high))
    for length in range(count, last + 1):
        start = str(low) if length == count else "1" + "0" * (length - 1)
        end = str(high) if length == last else "9" * length
        zeros = f'"0"{{0,{CALL_DIGITS - length}}} ' if length < CALL_DIGITS else ""
        found.append(zeros + _between(start, end))
    return found


def _between(low: str, high: str) -> str:
    """The numbers of one count of digits from `low` to `high`, both given as digits."""
    if len(low) == 1:
        return _digit(low, high)
    if set(low[1:]) == {"0"} and set(high[1:]) == {"9"}:
        return f"{_digit(low[0], high[0])} {_digits(len(low) - 1)}"
    if low[0] == high[0]:
        return f"{_digit(low[0], low[0])} {_between(low[1:], high[1:])}"
    rest = len(low) - 1
    found = [f"{_digit(low[0], low[0])} {_between(low[1:], '9' * rest)}"]
    if int(high[0]) - int(low[0]) > 1:
        inner = _digit(str(int(low[0]) + 1), str(int(high[0]) - 1))
        found.append(f"{inner} {_digits(rest)}")
    return any_of([*found, f"{_digit(high[0], high[0])} {_between('0' * rest, high[1:])}"])


def _digit(low: str, high: str) -> str:
    return f'"{low}"' if low == high else f"[{low}-{high}]"


def _digits(count: int) -> str:
    return "[0-9]" if count == 1 else f"[0-9]{{{count}}}"
