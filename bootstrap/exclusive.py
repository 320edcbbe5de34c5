"""One set-up at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.2


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Generator[int]:
    """Hold the lock file; gives its descriptor. `waiting` is called once when another process holds it.

    The lock goes when the last process that has the descriptor ends, however it ends: an installer that
    outlives a killed set-up keeps the next one waiting until it is gone, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        told = False
        while not _locked(file.fileno()):
            if not told:
                waiting()
                told = True
            time.sleep(POLL_SECONDS)
        yield file.fileno()


def _locked(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # pyright: ignore
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
