"""How much memory the activations of a row take until its gradient is made, told from rows of a few tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from loresmith.train.attention import blocks_of
from loresmith.train.loss import tile_bytes
from loresmith.train.rows import Segment

PROBES = (32, 64, 96)
"""Tokens of the three rows that are tried, in equal steps."""
TILES = 4
"""Tiles of logits, and what is made of them, that the loss holds at once."""


@dataclass(frozen=True)
class Activations:
    """What the gradient needs kept, in bytes: `fixed`, for each token, and for each query and key that meet; and how
    large a `tile` of logits is."""

    fixed: float
    token: float
    pair: float
    tile: int

    def bytes_of(self, tokens: int, pairs: float) -> int:
        """What a row keeps, and what the loss takes on top of it."""
        return round(self.fixed + self.token * tokens + self.pair * pairs) + TILES * self.tile


def measure_activations(model: Any, device: str) -> Activations:
    """The activations of a model made ready by `prepare_rows`: bytes(t) = fixed + token * t + pair * t^2, exactly,
    as long as t is below every window. Nothing is trained."""
    least, middle, most = (_kept_bytes(model, tokens, device) for tokens in PROBES)
    step = PROBES[1] - PROBES[0]
    pair = (most - 2 * middle + least) / (2 * step**2)
    token = (middle - least) / step - pair * (PROBES[0] + PROBES[1])
    return Activations(least - token * PROBES[0] - pair * PROBES[0] ** 2, token, pair, tile_bytes(device))


def pairs_of(model: Any, segments: Sequence[Segment], device: str) -> float:
    """The queries and keys that meet in a row, as a mean over the layers. Away from the CPU a mask hides what must
    not meet, and all do."""
    if device != "cpu":
        return float(segments[-1][1] ** 2)
    windows = [getattr(layer.self_attn, "sliding_window", None) for layer in layers_of(model)]
    met = {window: _pairs(segments, window) for window in set(windows)}
    return sum(met[window] for window in windows) / len(windows)


def layers_of(model: Any) -> Any:
    """The decoder layers of a causal language model, PEFT-wrapped or not."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    return causal.model.layers


def _pairs(segments: Sequence[Segment], window: int | None) -> int:
    return sum((b.end - b.start) * (b.end - b.first_key) for b in blocks_of(segments, window))


def _kept_bytes(model: Any, tokens: int, device: str) -> int:
    """The bytes of all storages that the gradient of a row of one segment needs, but for the model's own weights."""
    own = {tensor.untyped_storage().data_ptr() for tensor in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return tensor

    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    ids = torch.zeros((1, tokens), dtype=torch.long, device=device)
    positions = torch.arange(tokens, device=device)[None]
    model.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        causal.model(input_ids=ids, position_ids=positions, use_cache=False, segments=((0, tokens),))
    return sum(storage.nbytes() for storage in kept.values())
