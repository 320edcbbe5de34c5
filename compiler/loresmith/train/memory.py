"""How much memory a run holds."""

from __future__ import annotations

import psutil
import torch


def held_memory_bytes(device: str) -> int:
    """The most that the accelerator has held for this process, or what the process holds on a CPU.

    A CPU run gives nothing back before its end (`keep_freed_memory`), so what it holds is the most that it held.
    """
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    if device == "mps":
        return torch.mps.driver_allocated_memory()
    return psutil.Process().memory_info().rss
