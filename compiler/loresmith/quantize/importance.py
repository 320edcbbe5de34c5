"""The importance matrix of a model: which columns of its weights the scenarios use."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loresmith.diagnostics.failure import Rejected
from loresmith.process.child import ChildFailed, run_child

Importance = Mapping[str, NDArray[np.float32]]
"""Name of a GGUF tensor -> the mean square of what each of its columns (ne0) is multiplied by."""


def measure_importance(
    folder: Path, sequences: Sequence[Sequence[int]], destination: Path, report: Callable[[float], None]
) -> None:
    """Write the importance matrix of the Hugging Face `folder` over token `sequences` to `destination`, as safetensors.

    For a linear layer y = W x, rounding W by E costs E[(E x)^2], which is about the sum over columns of E^2 times the
    mean of x^2: the weights by which llama.cpp's quantizers choose their scales, and what its `imatrix` tool measures.
    Raises ValueError without a token, Rejected when the model can't be read.
    """
    if not any(sequences):
        raise ValueError("there is no token to read")
    with tempfile.TemporaryDirectory() as scratch:
        asked = Path(scratch) / "sequences.json"
        asked.write_text(json.dumps([list(sequence) for sequence in sequences]), encoding="utf-8")
        try:
            run_child("loresmith.quantize.activations", [str(folder), str(asked), str(destination)], report)
        except ChildFailed as error:
            raise Rejected(f"The model can't be read: {error.said}", where=str(folder)) from error


def read_importance(file: Path) -> Importance:
    """The matrix that `measure_importance` wrote."""
    from safetensors.numpy import load_file

    return load_file(file)
