"""Rounds a quantized file anew: `python -m loresmith.quantize.recoding FILE SOURCE MOMENTS SAID`.

FILE keeps the scales that llama.cpp chose; the codes of its linear layers are chosen with `rounding`, where that
costs the layer's output less. SOURCE is the 16-bit file it was made from. SAID gets what it came to.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGML_QUANT_SIZES, GGUFReader, dequantize

from loresmith.process.child import say_progress
from loresmith.quantize.compensation import Compensation
from loresmith.quantize.layouts import LAYOUTS, read_grid
from loresmith.quantize.moments import SavedMoments
from loresmith.quantize.rounding import Grid, compensated_codes, output_errors
from loresmith.store.files import write_atomically


def main() -> None:
    """Recode all tensors whose moments are known, in place."""
    file, source, moments, said = map(Path, sys.argv[1:])
    saved, exact = SavedMoments(moments), {tensor.name: tensor for tensor in GGUFReader(source).tensors}
    written = GGUFReader(file, "r+")
    chosen = [tensor for tensor in written.tensors if _kind(tensor) in LAYOUTS and tensor.name in saved]
    errors = list[tuple[float, float]]()
    for number, tensor in enumerate(chosen):
        errors.append(_recode(tensor, _values(exact[tensor.name]), list(saved.blocks(tensor.name))))
        say_progress((number + 1) / len(chosen))
    written.data.flush()  # type: ignore[attr-defined]
    nearest, compensated = np.mean(errors, axis=0) if errors else (0.0, 0.0)
    summary = Compensation(tensors=len(chosen), nearest=float(nearest), compensated=float(compensated))
    write_atomically(said, summary.model_dump_json())


def _recode(tensor: Any, weights: torch.Tensor, blocks: list[torch.Tensor]) -> tuple[float, float]:
    """Recode one tensor; gives its output's error before and after, each as a part of the output's mean square."""
    kind = _kind(tensor)
    raw = np.ascontiguousarray(tensor.data).reshape(-1, GGML_QUANT_SIZES[tensor.tensor_type][1])
    nearest = torch.from_numpy(dequantize(raw, tensor.tensor_type)).reshape(weights.shape)
    offset, step = (torch.from_numpy(part).reshape(weights.shape) for part in read_grid(raw, kind))
    grid = Grid(offset, step, torch.tensor(LAYOUTS[kind].levels, dtype=torch.float32))
    codes = compensated_codes(weights, grid, blocks)
    before = output_errors(nearest - weights, blocks)
    after = output_errors(grid.values(codes) - weights, blocks)
    better = after < before
    made = LAYOUTS[kind].with_codes(raw, codes.numpy().reshape(len(raw), -1)).reshape(tensor.data.shape)
    tensor.data[better.numpy()] = made[better.numpy()]
    whole = output_errors(weights, blocks).sum().item() or 1.0
    return before.sum().item() / whole, torch.where(better, after, before).sum().item() / whole


def _kind(tensor: Any) -> str:
    return tensor.tensor_type.name.lower()


def _values(tensor: Any) -> torch.Tensor:
    """A tensor's values in fp32, as (rows, columns)."""
    return torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))


if __name__ == "__main__":
    main()
