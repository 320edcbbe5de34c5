"""A frozen linear layer and its LoRA adapter as one operation."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch


class AdaptedLinear(torch.autograd.Function):
    """x @ W.T + bias + scale * (x @ A.T) @ B.T for x (n, in), W (out, in), A (r, in), B (out, r).

    The low-rank products are added into the large ones in place, forward and backward, so that an adapter costs a
    few passes over thin matrices and no further (n, out) temporaries. Only x @ A.T is kept besides the inputs.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """Inputs: x, W, bias or None, A, B, scale."""
        x, weight, bias, a, b, scale = inputs
        low = x @ a.T
        out = x @ weight.T if bias is None else torch.addmm(bias, x, weight.T)
        out.addmm_(low, b.T, alpha=scale)
        ctx.save_for_backward(x, weight, a, b, low)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients for x, A and B; the rest is frozen."""
        x, weight, a, b, low = ctx.saved_tensors
        above = grad_outputs[0]
        inner = (above @ b).mul_(ctx.scale)
        dx = (above @ weight).addmm_(inner, a) if ctx.needs_input_grad[0] else None
        return dx, None, None, inner.T @ x, (low.T @ above).mul_(ctx.scale).T, None


def fuse_adapters(model: Any) -> int:
    """Let every PEFT LoRA layer in fp32 compute through AdaptedLinear; gives how many there are.

    Layers in a lower precision keep PEFT's own computation, which takes care of the casts.
    """
    from peft.tuners.lora import Linear

    layers = [module for module in model.modules() if isinstance(module, Linear) and _is_plain(module)]
    for layer in layers:
        layer.forward = partial(_forward, layer)
    return len(layers)


def _is_plain(layer: Any) -> bool:
    return layer.get_base_layer().weight.dtype == layer.lora_A["default"].weight.dtype == torch.float32


def _forward(layer: Any, x: torch.Tensor) -> torch.Tensor:
    base = layer.get_base_layer()
    rows = x.reshape(-1, x.shape[-1])
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    out = AdaptedLinear.apply(rows, base.weight, base.bias, a, b, layer.scaling["default"])
    assert isinstance(out, torch.Tensor)
    return out.view(*x.shape[:-1], -1)
