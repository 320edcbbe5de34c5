"""Memory and disk, in bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def total_memory_bytes(limits: tuple[Path, ...] = _LIMITS) -> int:
    """The memory that this process may use at most: the machine's, or less inside a container."""
    total = psutil.virtual_memory().total
    return min([total, *(limit for path in limits if (limit := _read_limit(path)))])


def available_memory_bytes(limits: tuple[Path, ...] = _LIMITS) -> int:
    """The memory that can be had now without swapping."""
    used = psutil.virtual_memory().total - psutil.virtual_memory().available
    return max(0, total_memory_bytes(limits) - used)


def free_disk_bytes(path: Path) -> int:
    """What is free where `path` is, or will be once it is made."""
    folder = path.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _read_limit(path: Path) -> int:
    """A container's limit; 0 where there is none (`max`) or it can't be read."""
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
