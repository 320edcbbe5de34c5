"""Cross-entropy on supervised positions only, without ever holding their logits all at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch

from loresmith.train.rows import Row

LOGIT_BYTES = 2**27
"""How large a block of logits may be: 128 positions of a 262,144-token vocabulary in fp32. Smaller blocks read the
head more often than they compute with it."""


class SupervisedCrossEntropy(torch.autograd.Function):
    """Summed, weighted cross-entropy of `hidden @ head.T` against `targets`; the head is frozen.

    The gradient with respect to `hidden`, (softmax(z) - onehot) @ head, is made in the forward pass chunk by
    chunk, so memory does not grow with the number of positions. With a soft cap c the logits are
    c * tanh(z / c) and the gradient carries the factor 1 - (logit / c)^2.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """The scalar loss; inputs: hidden (n, d), head (v, d), targets (n), weights (n), soft cap or None."""
        hidden, head, targets, weights, cap = inputs
        gradient = torch.empty_like(hidden)
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        chunk = max(1, LOGIT_BYTES // (4 * head.shape[0]))
        room = _room(chunk, head.shape[0], hidden.dtype, hidden.device)
        for start in range(0, hidden.shape[0], chunk):
            part = slice(start, start + chunk)
            logits = torch.mm(hidden[part], head.T, out=room[: hidden[part].shape[0]])
            loss, gradient[part] = _chunk(logits.float(), head, targets[part], weights[part], cap)
            total += loss
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient for `hidden`; the other inputs have none."""
        (gradient,) = ctx.saved_tensors
        return gradient * grad_outputs[0], None, None, None, None


def free_room() -> None:
    """Give up the memory that is kept for a block of logits."""
    _room.cache_clear()


@lru_cache(maxsize=1)
def _room(positions: int, vocabulary: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """The place of a block of logits, the same for every block: the largest of all tensors, it would otherwise hardly
    find room between the others, and the process would grow."""
    return torch.empty(positions, vocabulary, dtype=dtype, device=device)


def _chunk(
    logits: torch.Tensor, head: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, cap: float | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The weighted loss of some positions and its gradient for their hidden states; the logits are written over."""
    if cap is not None:
        logits = cap * torch.tanh(logits / cap)
    chosen = logits.gather(1, targets[:, None])
    highest, place = logits.max(dim=-1, keepdim=True)
    gradient = torch.softmax(logits, dim=-1, out=None if cap else logits)
    normalizer = highest - gradient.gather(1, place).log()
    loss = ((normalizer - chosen).squeeze(1) * weights).sum()
    gradient.scatter_add_(1, targets[:, None], torch.full_like(chosen, -1.0))
    if cap is not None:
        gradient *= 1 - (logits / cap) ** 2
    gradient = gradient.to(head.dtype) @ head
    return loss, gradient * weights[:, None].to(head.dtype)


def supervised_loss(model: Any, row: Row) -> torch.Tensor:
    """The summed, weighted loss of a row under a causal language model (PEFT-wrapped or not), made ready by
    `prepare_rows`; the logits that predict the token in column c come from position c - 1."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    states = causal.model(
        input_ids=row.ids, position_ids=row.positions, use_cache=False, segments=row.segments
    )
    hidden = states.last_hidden_state[0, row.columns - 1]
    targets = row.ids[0, row.columns]
    cap = getattr(causal.config, "final_logit_softcapping", None)
    head = causal.lm_head.weight.detach()
    loss = SupervisedCrossEntropy.apply(hidden, head, targets, row.weights, cap)
    assert isinstance(loss, torch.Tensor)
    return loss
