"""Scores as people read them."""

from __future__ import annotations

from loresmith.validate.intervals import Interval


def percent(share: float | None) -> str:
    """A share: `62%`, or a dash where there was nothing to judge."""
    return "–" if share is None else f"{share:.0%}"


def percent_within(share: float | None, interval: Interval | None) -> str:
    """A share with its 95% interval: `62% (55–69)`."""
    if interval is None:
        return percent(share)
    return f"{percent(share)} ({within(interval)})"


def within(interval: Interval) -> str:
    """An interval in percent: `55–69`."""
    return f"{interval[0] * 100:.0f}–{interval[1] * 100:.0f}"
