"""What compensated rounding came to, and running it in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from loresmith.process.child import run_child


class Compensation(BaseModel):
    """The rounding of the linear layers of a quantized file.

    `nearest` and `compensated` are the error of a layer's output, as a part of the output's mean square, averaged over
    the `tensors`: with each weight rounded by llama.cpp alone, and as it is in the file.
    """

    model_config = ConfigDict(frozen=True)

    tensors: int
    nearest: float
    compensated: float


def compensate(file: Path, source: Path, moments: Path, report: Callable[[float], None]) -> Compensation:
    """Round the quantized GGUF `file` anew, in place, by the `moments` of its layers' inputs; `source` is the 16-bit
    GGUF it was made from. Its scales and so its size stay.

    Raises ChildFailed where it can't; the file is then of no use.
    """
    with tempfile.TemporaryDirectory() as scratch:
        said = Path(scratch) / "compensation.json"
        run_child("loresmith.quantize.recoding", [str(file), str(source), str(moments), str(said)], report)
        return Compensation.model_validate_json(said.read_text(encoding="utf-8"))
