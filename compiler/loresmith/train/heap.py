"""The C library's heap while a training runs on a CPU. Only glibc's is changed; others are left as they are."""

from __future__ import annotations

import ctypes
import gc
import mmap
import platform

from loresmith.environment.memory import available_memory_bytes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""mallopt(3)'s parameter numbers."""
_RESERVED = 0.5
"""The part of the free memory for which the heap gets address space at once. Pages come when they are first used."""


def keep_freed_memory() -> None:
    """Let glibc reuse freed tensors instead of giving their pages back to the system after every layer, and have the
    heap in huge pages where the system lends them.

    Each step otherwise faults the same gigabytes in again, and as rows of ever new lengths scatter the tensors over the
    heap, the processor waits ever longer for the addresses of small pages.
    """
    if not _is_glibc():
        return
    library = ctypes.CDLL(None)
    library.mallopt(_M_MMAP_MAX, 0)
    library.mallopt(_M_TRIM_THRESHOLD, -1)
    _use_huge_pages(library)


def give_back_freed_memory() -> None:
    """Return to the system what the training kept, so that the later stages have it."""
    gc.collect()
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _use_huge_pages(library: ctypes.CDLL) -> None:
    """Have the heap grow at once and advise them for what it grew by: advice for addresses to come would be refused.

    Nothing happens where the system doesn't give so much, or has no huge pages to lend.
    """
    library.malloc.restype = ctypes.c_void_p
    size = int(available_memory_bytes() * _RESERVED)
    block = library.malloc(ctypes.c_size_t(size))
    if block:
        begin = -(-block // mmap.PAGESIZE) * mmap.PAGESIZE
        library.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(block + size - begin), mmap.MADV_HUGEPAGE)
        library.free(ctypes.c_void_p(block))


def _is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
