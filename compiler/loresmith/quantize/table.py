"""The tensor table of a GGUF file: what is really in it, whatever its name says."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from loresmith.quantize.compensation import Compensation


class TypeShare(BaseModel):
    """The tensors of one type. `bytes` is what their data takes."""

    model_config = ConfigDict(frozen=True)

    count: int
    bytes: int


class QuantizedFile(BaseModel):
    """A model file and what its tensor table says.

    `bits_per_weight` is 8 * data bytes / parameters: the "Q4_K_M" of a model whose rows don't divide into
    blocks of 256 falls back to larger types, and this shows it. `compensation` is None where each weight was rounded
    alone.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    bytes: int
    bits_per_weight: float
    types: dict[str, TypeShare]
    compensation: Compensation | None = None


def read_table(path: Path) -> QuantizedFile:
    """The tensor table of the GGUF at `path`, summed by type, the largest share first."""
    from gguf import GGUFReader

    sums: dict[str, tuple[int, int]] = {}
    parameters = 0
    for tensor in GGUFReader(path).tensors:
        count, size = sums.get(tensor.tensor_type.name.lower(), (0, 0))
        sums[tensor.tensor_type.name.lower()] = (count + 1, size + int(tensor.n_bytes))
        parameters += int(tensor.n_elements)
    ordered = sorted(sums.items(), key=lambda item: -item[1][1])
    return QuantizedFile(
        path=path,
        bytes=path.stat().st_size,
        bits_per_weight=8 * sum(size for _, size in sums.values()) / parameters,
        types={name: TypeShare(count=count, bytes=size) for name, (count, size) in ordered},
    )
