"""How much memory a run holds."""

from __future__ import annotations

import psutil
import torch

from loresmith.environment.memory import available_memory_bytes


def held_memory_bytes(device: str) -> int:
    """The most that the accelerator has held for this process, or what the process holds on a CPU.

    A CPU run gives nothing back before its end (`keep_freed_memory`), so what it holds is the most that it held.
    """
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    if device == "mps":
        return torch.mps.driver_allocated_memory()
    return psutil.Process().memory_info().rss


def free_memory_bytes(device: str) -> int:
    """What a model and its training can have on their device, what the model has of it already included.

    A model's weights on a CPU may lie in a mapped file, which counts as free until they are used and after.
    """
    if device == "cuda":
        return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    if device == "mps":
        return torch.mps.recommended_max_memory()
    held = psutil.Process().memory_info()
    # Elsewhere than on Linux it isn't told what of the memory is a mapped file; less is then taken to be free.
    return available_memory_bytes() + (held.rss - held.shared if hasattr(held, "shared") else 0)
