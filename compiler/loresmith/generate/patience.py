"""How llama.cpp's threads wait for each other."""

from __future__ import annotations

import os


def patience() -> dict[str, str]:
    """Environment variables for a process that runs llama.cpp: its threads are awake for a moment, then asleep, as they
    wait hundreds of times a token. None where the user has said how threads wait.

    Measured on two cores, answer tokens a second of the 270M: 76, and 31 beside a training run. Asleep at once it was
    46 and 51; awake ten times as long 82 and 11.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        return {}
    return {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
