"""A frozen linear layer and its LoRA adapter as one operation.

The frozen weight may be in a lower precision than everything else: its matrix products are then made in that one.
"""

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
        out, low = adapted_product(x, weight, bias, a, b, scale)
        ctx.save_for_backward(x, weight, a, b, low)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients for x, A and B; the rest is frozen."""
        x, weight, a, b, low = ctx.saved_tensors
        wanted = ctx.needs_input_grad[0]
        dx, da, db = adapted_gradients(grad_outputs[0], x, weight, a, b, low, ctx.scale, wanted=wanted)
        return dx, None, None, da, db, None


def adapted_product(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    a: torch.Tensor,
    b: torch.Tensor,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer's output (n, out), and x @ A.T (n, r), which its gradients need."""
    low = x @ a.T
    out = frozen_product(x, weight.T)
    if bias is not None:
        out.add_(bias)
    return out.addmm_(low, b.T, alpha=scale), low


def adapted_gradients(
    above: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor,
    low: torch.Tensor, scale: float, *, wanted: bool = True,
) -> tuple[Any, torch.Tensor, torch.Tensor]:  # fmt: skip
    """The gradients for x (None where it isn't wanted), A and B, of the gradient (n, out) for the output."""
    inner = (above @ b).mul_(scale)
    dx = frozen_product(above, weight).addmm_(inner, a) if wanted else None
    return dx, inner.T @ x, (low.T @ above).mul_(scale).T


def frozen_product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """x @ weight in the weight's precision; the result has that of x."""
    if x.dtype == weight.dtype:
        return x @ weight
    # What stays is allocated before what goes: the heap of a step would have holes otherwise.
    out = x.new_empty(x.shape[0], weight.shape[1])
    return out.copy_(x.to(weight.dtype) @ weight)


def fuse_adapters(model: Any) -> int:
    """Let every PEFT LoRA layer in fp32 compute through AdaptedLinear; gives how many there are.

    Layers in a lower precision keep PEFT's own computation, which takes care of the casts.
    """
    from peft.tuners.lora import Linear

    layers = [module for module in model.modules() if isinstance(module, Linear) and _is_fp32(module)]
    for layer in layers:
        layer.forward = partial(_forward, layer)
    return len(layers)


def lower_frozen_weights(model: Any, dtype: torch.dtype) -> None:
    """Keep in `dtype` the frozen weights of the layers that compute through AdaptedLinear, and those of the head, which
    no longer shares its weights with the embedding then. Comes after `fuse_adapters`."""
    layers = [layer.get_base_layer() for layer in model.modules() if is_fused(layer)]
    for layer in [*layers, model.get_base_model().lm_head]:
        layer.weight = torch.nn.Parameter(layer.weight.detach().to(dtype), requires_grad=False)


def is_fused(layer: Any) -> bool:
    """Whether a layer computes through AdaptedLinear."""
    return getattr(getattr(layer, "forward", None), "func", None) is _forward


def _is_fp32(layer: Any) -> bool:
    return layer.get_base_layer().weight.dtype == layer.lora_A["default"].weight.dtype == torch.float32


def _forward(layer: Any, x: torch.Tensor) -> torch.Tensor:
    base = layer.get_base_layer()
    rows = x.reshape(-1, x.shape[-1])
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    out = AdaptedLinear.apply(rows, base.weight, base.bias, a, b, layer.scaling["default"])
    assert isinstance(out, torch.Tensor)
    return out.view(*x.shape[:-1], -1)
