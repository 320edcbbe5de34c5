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
from loresmith.quantize.failures import failure_of

Importance = Mapping[str, NDArray[np.float32]]
"""Name of a GGUF tensor -> the mean square of what each of its columns (ne0) is multiplied by."""

_LOOKED_UP = ("token_embd.weight", "per_layer_token_embd.weight")
"""Tables that nothing is multiplied by, the first one where the model has a head of its own."""


def measure_importance(
    folder: Path,
    sequences: Sequence[Sequence[int]],
    destination: Path,
    report: Callable[[float], None],
    moments: Path | None = None,
) -> None:
    """Write the importance matrix of the Hugging Face `folder` over token `sequences` to `destination`, as safetensors,
    and the second moments of its layers' inputs, which compensated rounding goes by, to `moments` where it is given.

    For a linear layer y = W x, rounding W by E costs E[(E x)^2], which is about the sum over columns of E^2 times the
    mean of x^2: the weights by which llama.cpp's quantizers choose their scales, and what its `imatrix` tool measures.
    Raises ValueError without a token, EnvironmentFailure where memory or disk run out, Rejected when the model can't
    be read.
    """
    if not any(sequences):
        raise ValueError("there is no token to read")
    with tempfile.TemporaryDirectory() as scratch:
        asked = Path(scratch) / "sequences.json"
        asked.write_text(json.dumps([list(sequence) for sequence in sequences]), encoding="utf-8")
        try:
            files = [str(file) for file in (folder, asked, destination, moments) if file]
            run_child("loresmith.quantize.activations", files, report)
        except ChildFailed as error:
            task = "the merged model read scenarios for its importance matrix"
            raise failure_of(error, folder, task, "The model can't be read") from error


def read_importance(file: Path) -> Importance:
    """The matrix that `measure_importance` wrote."""
    from safetensors.numpy import load_file

    return load_file(file)


def require_led(file: Path, importance: Importance) -> None:
    """Raise Rejected where the quantized GGUF `file` has a tensor that `importance` should have led and didn't:
    llama.cpp rounds it all the same."""
    lacking = [name for name in _rounded(file) if name not in importance and name not in _LOOKED_UP]
    if lacking:
        raise Rejected(
            f"The importance matrix has nothing for {len(lacking)} tensors of the file, {lacking[0]} among them.",
            where=str(file),
            remedy="Run the same command again; if it stays so, report it with your recipe.",
        )


def _rounded(file: Path) -> list[str]:
    """The names of the tensors whose type has blocks, and so loses something."""
    from gguf import GGML_QUANT_SIZES, GGUFReader

    return [tensor.name for tensor in GGUFReader(file).tensors if GGML_QUANT_SIZES[tensor.tensor_type][0] > 1]
