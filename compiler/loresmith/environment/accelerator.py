"""Which device trains, and in which precision."""

from __future__ import annotations

from typing import Any, Literal

import psutil
from pydantic import BaseModel, ConfigDict

from loresmith.environment.memory import total_memory_bytes


class Accelerator(BaseModel):
    """The device that trains. `kind` is torch's own name for it; memory in bytes; `precision` is what it trains in
    unless the recipe says otherwise."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["cuda", "mps", "cpu"]
    name: str
    memory_bytes: int
    precision: Literal["fp32", "bf16", "bf16-mixed"]


def detect_accelerator(*, cpu: bool = False) -> Accelerator:
    """The best device of this machine, as torch sees it, or with `cpu` its processor."""
    import torch

    memory = total_memory_bytes()
    return cpu_of(torch, memory) if cpu else choose_accelerator(torch, memory)


def choose_accelerator(torch: Any, system_memory: int) -> Accelerator:
    """CUDA before Metal before the CPU; bf16 where the device computes in it, fp32 elsewhere.

    `torch` is asked only for `cuda`, `backends.mps` and `cpu`, so that a test can fake the devices.
    """
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        precision = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
        return Accelerator(
            kind="cuda", name=properties.name, memory_bytes=properties.total_memory, precision=precision
        )
    if torch.backends.mps.is_available():
        precision = "bf16" if torch.backends.mps.is_macos_or_newer(14, 0) else "fp32"
        return Accelerator(
            kind="mps", name="Apple GPU (Metal)", memory_bytes=system_memory, precision=precision
        )
    return cpu_of(torch, system_memory)


def cpu_of(torch: Any, system_memory: int) -> Accelerator:
    """The machine's processor as the device that trains: bf16-mixed where it multiplies bf16 matrices itself (AVX-512
    BF16, training 1.7 times as fast as in fp32 where it was measured, or AMX), fp32 elsewhere."""
    name = f"CPU, {psutil.cpu_count(logical=False) or psutil.cpu_count()} cores"
    able = torch.cpu.get_capabilities()
    native = able.get("avx512_bf16") or able.get("amx_bf16")
    precision = "bf16-mixed" if native else "fp32"
    return Accelerator(kind="cpu", name=name, memory_bytes=system_memory, precision=precision)
