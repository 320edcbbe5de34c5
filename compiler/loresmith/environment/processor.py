"""The processor, judged without loading torch."""

from __future__ import annotations

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def multiplies_bf16(cpuinfo: Path = CPUINFO) -> bool | None:
    """Whether the processor multiplies bf16 matrices itself, so that training on it is in bf16-mixed unless the recipe
    says otherwise; None where only torch can tell (not Linux)."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    flags = next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "")
    return not BF16_FLAGS.isdisjoint(flags.split())
