"""Cross-entropy on supervised positions only, without ever holding their logits all at once."""

from __future__ import annotations

from typing import Any

import torch

from loresmith.train.rows import Row
from loresmith.train.sampled_softmax import Candidates

CACHED_TILE_BYTES = 2**21
"""How large a tile of logits in fp32 is on a CPU: it stays in the cache from one operation to the next, where 600
positions of the 270M take 2.3 s against 2.9 s with tiles of 32 MB."""
LARGE_TILE_BYTES = 2**27
"""The same on an accelerator, where every operation has to be begun."""
NARROWEST_TILE = 256
"""Tokens of a tile at the least: a narrower one reads the hidden states more often than it computes with them."""


class SupervisedCrossEntropy(torch.autograd.Function):
    """Summed, weighted cross-entropy of `hidden @ head.T` against `targets`; the head is frozen, and its products are
    made in its own precision.

    The vocabulary is gone through once, some tokens of it for all positions at a time, with the softmax made on the way
    (M. Milakov and N. Gimelshein, Online normalizer calculation for softmax, 2018). The gradient with respect to
    `hidden`, softmax(z) @ head less the target's row, is made in the same pass, so memory grows with neither positions
    nor vocabulary. With a soft cap c the logits are c * tanh(z / c) and the gradient carries the factor
    1 - (logit / c)^2.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """The scalar loss; inputs: hidden (n, d), head (v, d), targets (n), weights (n), soft cap or None, and shift
        (v) or None: what is added to each token's logits in the softmax, nothing for those in targets."""
        hidden, head, targets, weights, cap, shift = inputs
        normalizer, mean = _expectation(hidden, head, cap, shift)
        aim = head[targets].to(normalizer.dtype)
        chosen, slope = _capped((hidden.to(head.dtype) * aim).sum(dim=-1), cap)
        ctx.save_for_backward((mean - aim * slope[:, None]) * weights[:, None])
        ctx.dtype = hidden.dtype
        return ((normalizer - chosen) * weights).sum()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient for `hidden`; the other inputs have none."""
        (gradient,) = ctx.saved_tensors
        return (gradient * grad_outputs[0]).to(ctx.dtype), None, None, None, None, None


def tile_width(positions: int, device: str) -> int:
    """How many tokens of the vocabulary are gone through at a time."""
    return max(NARROWEST_TILE, tile_bytes(device) // (4 * max(1, positions)))


def tile_bytes(device: str) -> int:
    """The size of a tile of logits."""
    return CACHED_TILE_BYTES if device == "cpu" else LARGE_TILE_BYTES


def _expectation(
    hidden: torch.Tensor, head: torch.Tensor, cap: float | None, shift: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The logarithm of the summed exponentials of each position's logits (n), and the head's rows weighted by their
    softmax (n, d), each by its slope under the cap."""
    positions, exact = hidden.shape[0], torch.promote_types(hidden.dtype, torch.float32)
    low = hidden.to(head.dtype)
    highest = torch.full((positions, 1), float("-inf"), dtype=exact, device=hidden.device)
    total = torch.zeros_like(highest)
    mean = torch.zeros(hidden.shape, dtype=exact, device=hidden.device)
    width = tile_width(positions, hidden.device.type)
    for number, tile in enumerate(head.split(width)):
        logits, slope = _capped((low @ tile.T).to(exact), cap)
        if shift is not None:
            logits.add_(shift[number * width : (number + 1) * width])
        above = torch.maximum(highest, logits.amax(dim=-1, keepdim=True))
        shrunk, share = (highest - above).exp_(), logits.sub_(above).exp_()
        total.mul_(shrunk).add_(share.sum(dim=-1, keepdim=True))
        share = share if cap is None else share.mul_(slope)
        mean.mul_(shrunk).add_(share.to(head.dtype) @ tile)
        highest = above
    return (highest + total.log()).squeeze(1), mean.div_(total)


def _capped(logits: torch.Tensor, cap: float | None) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits under a soft cap, and the slope of the cap there: ones where there is none."""
    if cap is None:
        return logits, torch.ones((), dtype=logits.dtype, device=logits.device).expand_as(logits)
    capped = (logits / cap).tanh_()
    return capped * cap, 1 - capped.square()


def supervised_loss(model: Any, row: Row, candidates: Candidates | None = None) -> torch.Tensor:
    """The summed, weighted loss of a row under a causal language model (PEFT-wrapped or not), made ready by
    `prepare_rows`; the logits that predict the token in column c come from position c - 1. With `candidates` the
    softmax is over them alone."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    states = causal.model(
        input_ids=row.ids, position_ids=row.positions, use_cache=False, segments=row.segments
    )
    hidden = states.last_hidden_state[0, row.columns - 1]
    targets = row.ids[0, row.columns]
    cap = getattr(causal.config, "final_logit_softcapping", None)
    head, shift = causal.lm_head.weight.detach(), None
    if candidates is not None:
        head, targets, shift = head[candidates.ids], candidates.places(targets), candidates.shift
    loss = SupervisedCrossEntropy.apply(hidden, head, targets, row.weights, cap, shift)
    assert isinstance(loss, torch.Tensor)
    return loss
