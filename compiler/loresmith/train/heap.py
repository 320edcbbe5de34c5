"""The heap while a training runs on a CPU. Of the C libraries only glibc is told something."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import platform

from loresmith.environment.memory import available_memory_bytes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""mallopt(3)'s parameter numbers."""
_RESERVED = 0.5
"""The part of the free memory for which the heap gets address space at once. Pages come when they are first used."""
_KERNELS = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
"""How many compiled products oneDNN keeps, read when it computes its first: some steps' worth. Each shape has its own,
and of the thousand that it would keep few come again where each row has another length."""


def keep_freed_memory() -> None:
    """Let glibc reuse freed tensors instead of giving their pages back to the system after every layer, have the heap
    in huge pages where the system lends them, and few kernels kept among the tensors.

    Each step otherwise faults the same gigabytes in again. As rows of ever new lengths scatter tensors and kernels over
    the heap, it grows, and the processor waits ever longer for the addresses of small pages.
    """
    os.environ.setdefault(*_KERNELS)
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
