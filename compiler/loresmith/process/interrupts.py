"""Ctrl-C that counts once, however many programs pass it on."""

from __future__ import annotations

import signal
import time
from types import FrameType

SAME_KEYSTROKE_SECONDS = 1.0


def take_repeats_as_one() -> None:
    """From now on an interrupt that comes within a second of the last one is ignored. Main thread only.

    A terminal, npm and our own Node process can each hand on the same Ctrl-C; the second must not cut off the
    putting away that the first one began.
    """
    last = float("-inf")

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before > SAME_KEYSTROKE_SECONDS:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
