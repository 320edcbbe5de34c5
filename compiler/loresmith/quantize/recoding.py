"""Rounds a quantized file anew: `python -m loresmith.quantize.recoding FILE SOURCE MOMENTS SAID`.

FILE keeps the scales that llama.cpp chose; the codes of its linear layers are chosen with `rounding`, where that
costs the layer's output less. SOURCE is the 16-bit file it was made from. SAID gets what it came to.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGML_QUANT_SIZES, GGUFReader, dequantize

from loresmith.process.child import say_progress
from loresmith.quantize.compensation import Compensation
from loresmith.quantize.layouts import LAYOUTS, read_grid
from loresmith.quantize.moments import SavedMoments
from loresmith.quantize.rounding import Grid, compensated_codes, inverse_factors, output_errors
from loresmith.store.files import write_atomically

UNROUNDED = ("token_embd.weight", "per_layer_token_embd.weight", "output.weight")
"""What stays as llama.cpp rounded it: tables that rows are looked up in, and the head, which may be such a table."""


def main() -> None:
    """Recode all tensors whose moments are known, in place."""
    file, source, moments, said = map(Path, sys.argv[1:])
    saved, exact = SavedMoments(moments), {tensor.name: tensor for tensor in GGUFReader(source).tensors}
    written = GGUFReader(file, "r+")
    chosen = _chosen(written.tensors, exact, saved)
    errors = list[tuple[float, float]]()
    for name, tensors in groupby(chosen, key=lambda tensor: saved.same_as(tensor.name)):
        inputs = _inputs(name, saved)
        for tensor in tensors:
            errors.append(_recode(tensor, _values(exact[tensor.name]), inputs))
            say_progress(len(errors) / len(chosen))
    say_progress(1)
    written.data.flush()  # type: ignore[attr-defined]
    nearest, compensated = np.mean(errors, axis=0) if errors else (0.0, 0.0)
    summary = Compensation(tensors=len(chosen), nearest=float(nearest), compensated=float(compensated))
    write_atomically(said, summary.model_dump_json())


@dataclass(frozen=True)
class _Inputs:
    """What some layers are multiplied by: the blocks along H's diagonal, and their inverse factors."""

    blocks: list[torch.Tensor]
    factors: list[torch.Tensor]


def _inputs(name: str, saved: SavedMoments) -> _Inputs:
    blocks = list(saved.blocks(name))
    try:
        return _Inputs(blocks, inverse_factors(blocks))
    except RuntimeError as error:
        raise ValueError(f"the moments of {name} can't be used: {error}") from error


def _chosen(tensors: Sequence[Any], exact: Mapping[str, Any], saved: SavedMoments) -> list[Any]:
    """The tensors to recode, those that read the same inputs side by side. Raises ValueError where a layer's moments
    are lacking: tables and what is all zeros need none."""
    coded = [tensor for tensor in tensors if _kind(tensor) in LAYOUTS and tensor.name not in UNROUNDED]
    lacking = [t.name for t in coded if t.name not in saved and exact[t.name].data.any()]
    if lacking:
        raise ValueError(f"nothing is known of what {', '.join(lacking)} is multiplied by")
    return sorted((t for t in coded if t.name in saved), key=lambda t: (saved.same_as(t.name), t.name))


def _recode(tensor: Any, weights: torch.Tensor, inputs: _Inputs) -> tuple[float, float]:
    """Recode one tensor; gives its output's error before and after, each as a part of the output's mean square."""
    kind = _kind(tensor)
    raw = np.ascontiguousarray(tensor.data).reshape(-1, GGML_QUANT_SIZES[tensor.tensor_type][1])
    nearest = torch.from_numpy(dequantize(raw, tensor.tensor_type)).reshape(weights.shape)
    offset, step = (torch.from_numpy(part).reshape(weights.shape) for part in read_grid(raw, kind))
    grid = Grid(offset, step, torch.tensor(LAYOUTS[kind].levels, dtype=torch.float32))
    codes = compensated_codes(weights, grid, inputs.factors)
    before = output_errors(nearest - weights, inputs.blocks)
    after = output_errors(grid.values(codes) - weights, inputs.blocks)
    better = after < before
    made = LAYOUTS[kind].with_codes(raw, codes.numpy().reshape(len(raw), -1)).reshape(tensor.data.shape)
    tensor.data[better.numpy()] = made[better.numpy()]
    whole = output_errors(weights, inputs.blocks).sum().item() or 1.0
    shares = before.sum().item() / whole, torch.where(better, after, before).sum().item() / whole
    if not all(map(math.isfinite, shares)):
        raise ValueError(f"{tensor.name} holds values that aren't numbers")
    return shares


def _kind(tensor: Any) -> str:
    return tensor.tensor_type.name.lower()


def _values(tensor: Any) -> torch.Tensor:
    """A tensor's values in fp32, as (rows, columns)."""
    return torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))


if __name__ == "__main__":
    main()
