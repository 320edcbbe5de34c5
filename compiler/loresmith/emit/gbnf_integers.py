"""Whole numbers within bounds, as GBNF: the digits decide, so the bounds become ranges of digits."""

from __future__ import annotations

from loresmith.emit.gbnf_rules import any_of

Bound = int | None


def integer(low: Bound, high: Bound, *, plus: str | None, minus: bool = True) -> str | None:
    """A number from `low` to `high`, leading zeros allowed; None where there is no such number.

    `plus` is how one without a minus begins (`"+"` or `"+"?`); with None, or with `minus` false, there are
    none without or with a minus.
    """
    found = list[str]()
    if minus and (low is None or low <= 0):
        digits = _magnitude(max(0, -high) if high is not None else 0, None if low is None else -low)
        found += [f'"-" {digits}'] if digits else []
    if plus is not None and (high is None or high >= 0):
        digits = _magnitude(max(0, low or 0), high)
        found += [f"{plus} {digits}"] if digits else []
    return any_of(found) if found else None


def _magnitude(low: int, high: Bound) -> str | None:
    if high is not None and high < low:
        return None
    if low == 0 and high is None:
        return "[0-9]+"
    found = ['"0"+'] if low == 0 else []
    first = max(1, low)
    if high is None or high >= first:
        found.append(f'"0"* {any_of(_by_length(first, high))}')
    return any_of(found)


def _by_length(low: int, high: Bound) -> list[str]:
    """The numbers from `low` (at least 1) to `high`, one alternative for each count of digits."""
    found, count = list[str](), len(str(low))
    last = count if high is None else len(str(high))
    for length in range(count, last + 1):
        start = str(low) if length == count else "1" + "0" * (length - 1)
        end = str(high) if high is not None and length == last else "9" * length
        found.append(_between(start, end))
    return found if high is not None else [*found, f"[1-9] {_digits(last)} [0-9]*"]


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
