"""Where unsloth computes: on a CUDA device, or on the processor where it is tried."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import Literal

from loresmith.diagnostics.failure import EnvironmentFailure

Place = Literal["cuda", "cpu"]
FORCE_CPU = "UNSLOTH_FORCE_CPU"
"""unsloth's own environment variable; 1 lets it compute on the processor."""
_WINDOWS_DRIVER = Path("/usr/lib/wsl/lib/nvidia-smi")
"""Where Windows lends its driver to Linux."""
_REMEDY = "Set train.engine: torch in the recipe, which trains on any machine."


def unsloth_obstacle() -> tuple[str, str] | None:
    """What keeps unsloth from training on this machine, and what to do; None when nothing does, as far as can be told
    without loading torch."""
    if platform.system() != "Linux":
        return (
            f"train.engine: unsloth runs on Linux (WSL too), this machine has {platform.system()}.",
            _REMEDY,
        )
    if (
        os.environ.get(FORCE_CPU) != "1"
        and shutil.which("nvidia-smi") is None
        and not _WINDOWS_DRIVER.exists()
    ):
        remedy = f"{_REMEDY} To try unsloth on the processor, set {FORCE_CPU}=1 in the environment."
        return "train.engine: unsloth needs a CUDA device, this machine has none.", remedy
    return None


def require_place() -> Place:
    """Where unsloth computes; raises EnvironmentFailure, with what to do, on a machine that it can't train on."""
    if found := unsloth_obstacle():
        raise EnvironmentFailure(found[0], remedy=found[1])
    return "cpu" if os.environ.get(FORCE_CPU) == "1" else "cuda"
