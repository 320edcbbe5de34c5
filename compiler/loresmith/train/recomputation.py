"""Activation checkpointing: each layer's activations made again for the gradient instead of kept, where memory is
short. The same operations on the same numbers: the gradients are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint

from loresmith.recipe.train import Train
from loresmith.train.activations import layers_of, measure_activations, pairs_of
from loresmith.train.memory import free_memory_bytes
from loresmith.train.rows import Segment

SHARE = 0.8
"""The part of the free memory that model and activations may take; the rest is for what passes, and for others."""


def choose_recomputation(
    model: Any, train: Train, lengths: Sequence[int], device: str, processes: int = 1
) -> tuple[bool, str]:
    """Whether to recompute, and the line that says why; empty where the recipe said so, or memory is plenty.

    `lengths` are the tokens of the samples; `processes` share the device's memory.
    """
    if train.activation_checkpointing != "auto":
        return train.activation_checkpointing == "always", ""
    row = _largest_row(train, lengths)
    needed = sum(weights.nbytes for weights in model.parameters())
    needed += measure_activations(model, device).bytes_of(row[-1][1], pairs_of(model, row, device))
    free = free_memory_bytes(device) // processes
    if needed <= SHARE * free:
        return False, ""
    return True, (
        f"The model and a row's activations take {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free: each layer's "
        "activations are made again for the gradient. That takes more time and gives the same adapter."
    )


def recompute_layers(model: Any) -> None:
    """Let every layer keep only its input for the gradient."""
    for layer in layers_of(model):
        layer.forward = partial(_recomputed, layer.forward)


def _recomputed(forward: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*arguments, **options)
    return checkpoint(forward, *arguments, use_reentrant=False, preserve_rng_state=False, **options)


def _largest_row(train: Train, lengths: Sequence[int]) -> list[Segment]:
    """The row that takes most: as full as a step's samples can make it, all as long as the longest of them."""
    longest = max(lengths)
    tokens = min(max(train.row_tokens, longest), train.batch_size * longest)
    return [(begin, min(begin + longest, tokens)) for begin in range(0, tokens, longest)]
