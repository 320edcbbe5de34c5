"""Scores as people read them."""

from __future__ import annotations

from loresmith.validate.intervals import Interval


def percent(share: float | None) -> str:
    """A share: `62%`, or a dash where there was nothing to judge."""
    return "–" if share is None else f"{_rounded(share)}%"


def percent_within(share: float | None, interval: Interval | None) -> str:
    """A share with its 95% interval: `62% (55–69)`."""
    if interval is None:
        return percent(share)
    return f"{percent(share)} ({within(interval)})"


def within(interval: Interval) -> str:
    """An interval in percent: `55–69`."""
    return "–".join(map(_rounded, interval))


def _rounded(share: float) -> str:
    """In percent without decimals, but for less than 1 and more than 99 with one: only none is 0, only all is 100."""
    if 0.01 <= share <= 0.99 or share in (0, 1):
        return f"{share:.0%}"[:-1]
    return f"{min(max(share * 100, 0.1), 99.9):.1f}"
