"""Cross-entropy on supervised positions only, without ever holding their logits all at once."""

from __future__ import annotations

from typing import Any

import torch

CHUNK = 64
"""Positions whose logits exist at one time: 64 rows of a 262,144-token vocabulary are 67 MB in fp32."""


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
        for start in range(0, hidden.shape[0], CHUNK):
            part = slice(start, start + CHUNK)
            loss, gradient[part] = _chunk(hidden[part], head, targets[part], weights[part], cap)
            total += loss
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient for `hidden`; the other inputs have none."""
        (gradient,) = ctx.saved_tensors
        return gradient * grad_outputs[0], None, None, None, None


def _chunk(
    hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, cap: float | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The weighted loss of some positions and its gradient with respect to their hidden states."""
    logits = (hidden @ head.T).float()
    if cap is not None:
        logits = cap * torch.tanh(logits / cap)
    normalizer = torch.logsumexp(logits, dim=-1)
    chosen = logits.gather(1, targets[:, None]).squeeze(1)
    loss = ((normalizer - chosen) * weights).sum()
    slope = None if cap is None else 1 - (logits / cap) ** 2
    gradient = logits.sub_(normalizer[:, None]).exp_()
    gradient.scatter_add_(1, targets[:, None], torch.full_like(chosen[:, None], -1.0))
    gradient *= weights[:, None]
    if slope is not None:
        gradient *= slope
    return loss, gradient.to(hidden.dtype) @ head


def supervised_loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The summed, weighted loss of a batch under a causal language model (PEFT-wrapped or not).

    `batch`: `ids` (b, t), `mask` (b, t), and `rows`, `columns`, `weights` (n) of the supervised tokens;
    the logits that predict token (row, column) come from position column - 1.
    """
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    attention = None if bool(batch["mask"].all()) else batch["mask"]
    states = causal.model(input_ids=batch["ids"], attention_mask=attention, use_cache=False)
    hidden = states.last_hidden_state[batch["rows"], batch["columns"] - 1]
    targets = batch["ids"][batch["rows"], batch["columns"]]
    cap = getattr(causal.config, "final_logit_softcapping", None)
    head = causal.lm_head.weight.detach()
    loss = SupervisedCrossEntropy.apply(hidden, head, targets, batch["weights"], cap)
    assert isinstance(loss, torch.Tensor)
    return loss
