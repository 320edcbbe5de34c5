"""Files compiled in several processes, where there are enough of them to pay for starting those."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait

from loresmith.check.kept import compile_to_kept
from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.ir.vocabulary import Vocabulary
from loresmith.store.compiled import Kept

PARALLEL_FROM = 200
"""Below this many files one process is as fast: starting two takes as long as compiling about a hundred."""
CHUNK = 50
"""Files that a process takes at a time: enough that handing over costs nothing, few enough to end together."""

_Files = Sequence[tuple[str, bytes]]
_vocabulary: list[Vocabulary] = []


def compiled_chunks(files: Mapping[str, bytes], vocabulary: Vocabulary) -> Iterator[dict[str, Kept]]:
    """What each file compiles to, some files at a time, in the order of the files.

    Raises EnvironmentFailure when a process is killed, as happens when memory runs out.
    """
    count = _processors()
    if len(files) < PARALLEL_FROM or count == 1:
        for chunk in _chunks(files):
            yield {path: compile_to_kept(path, data, vocabulary) for path, data in chunk}
        return
    # Where a process can be forked safely, it has everything loaded from the start.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(count, context, initializer=_begin, initargs=(vocabulary,))
    try:
        yield from pool.map(_compile_chunk, _chunks(files))
    except BrokenProcessPool as error:
        raise EnvironmentFailure(
            "A process that compiled scenarios was killed.",
            remedy="Close other programs: memory may be short.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _processors() -> int:
    """The processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _chunks(files: Mapping[str, bytes]) -> list[_Files]:
    items = iter(files.items())
    return list(iter(lambda: tuple(islice(items, CHUNK)), ()))


def _begin(vocabulary: Vocabulary) -> None:
    # The parent takes the interrupt and ends its workers; were it killed, they would wait for work for ever.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Compiling makes many objects and no cycles; looking for some would take a twentieth of the time.
    gc.disable()
    _vocabulary[:] = [vocabulary]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


def _compile_chunk(files: _Files) -> dict[str, Kept]:
    return {path: compile_to_kept(path, data, _vocabulary[0]) for path, data in files}
