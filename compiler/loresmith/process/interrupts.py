"""Ctrl-C that counts once, however many programs pass it on."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from types import FrameType

SAME_KEYSTROKE_SECONDS = 1.0
_NEVER = float("-inf")


@dataclass
class _Last:
    """When the last interrupt came, on the monotonic clock."""

    time: float = _NEVER


_last = _Last()


def take_repeats_as_one() -> None:
    """From now on an interrupt that comes within a second of the last one is ignored. Main thread only.

    A terminal, npm and our own Node process can each hand on the same Ctrl-C; the second must not cut off the
    putting away that the first one began.
    """
    _last.time = _NEVER

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        before, _last.time = _last.time, time.monotonic()
        if _last.time - before > SAME_KEYSTROKE_SECONDS:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)


def was_interrupted() -> bool:
    """Whether an interrupt came since `take_repeats_as_one`, whatever a library made of it on the way."""
    return _last.time > _NEVER
