"""Second moments of what a model's linear layers are multiplied by: E[x x^T], of which the importance matrix is the
diagonal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import torch

from loresmith.store.files import written_whole

MOST_COLUMNS = 2048
"""A wider layer's matrix is kept as blocks along its diagonal, none wider than this: memory grows with its square."""

_NEVER_ROUNDED = ("altup", "laurel", "per_layer_model_proj")
"""Gemma 3n's small layers, which llama.cpp leaves as they are in all kinds."""


class Moments:
    """The sums of x x^T in fp32, for each different input; layers that read the same tensor share it."""

    def __init__(self) -> None:
        self._sums: dict[str, list[torch.Tensor]] = {}
        self._same: dict[str, str] = {}
        self._positions: dict[str, int] = {}
        self._last: tuple[torch.Tensor, str] | None = None

    def add(self, name: str, inputs: torch.Tensor) -> None:
        """Count `inputs` (…, ne0) of the layer `name`, which are counted once where the layer before read them too.

        Layers that llama.cpp never rounds aren't counted.
        """
        if any(part in name for part in _NEVER_ROUNDED):
            return
        if self._last is not None and self._last[0] is inputs:
            self._same[name] = self._last[1]
            return
        self._last = (inputs, name)
        rows = inputs.flatten(end_dim=-2).float()
        products = [part.T @ part for part in rows.split(_width(rows.shape[1]), dim=1)]
        if name in self._sums:
            products = [old.add_(new) for old, new in zip(self._sums[name], products, strict=True)]
        self._sums[name] = products
        self._positions[name] = self._positions.get(name, 0) + rows.shape[0]

    def save(self, file: Path) -> None:
        """Write the means, to be read by `SavedMoments`. The sums become the means: nothing can be added any more."""
        from safetensors.torch import save_file

        with torch.inference_mode():
            means = {
                f"{name}/{number}": total.div_(self._positions[name])
                for name, totals in sorted(self._sums.items())
                for number, total in enumerate(totals)
            }
        same = {name: name for name in self._sums} | self._same
        with written_whole(file) as temporary:
            save_file(means, temporary, metadata={"same": json.dumps(same, sort_keys=True)})


class SavedMoments:
    """A file that `Moments` has written; a layer's matrix is read when it is asked for."""

    def __init__(self, file: Path) -> None:
        from safetensors import safe_open

        self._file = safe_open(file, framework="pt")
        self._same: dict[str, str] = json.loads(self._file.metadata()["same"])
        self._names = sorted(self._file.keys())

    def __contains__(self, name: str) -> bool:
        return name in self._same

    def names(self) -> list[str]:
        """The layers whose matrices are known, sorted."""
        return sorted(self._same)

    def same_as(self, name: str) -> str:
        """Another layer's name, or its own: the one that its matrix is kept under."""
        return self._same[name]

    def blocks(self, name: str) -> Iterator[torch.Tensor]:
        """The square blocks along the diagonal of the layer's E[x x^T], from its first column to its last."""
        prefix = f"{self._same[name]}/"
        count = sum(stored.startswith(prefix) for stored in self._names)
        return (self._file.get_tensor(f"{prefix}{number}") for number in range(count))


def _width(columns: int) -> int:
    """The width of the blocks, all alike but for the last."""
    blocks = -(-columns // MOST_COLUMNS)
    return -(-columns // blocks)
