"""Norms and gates that keep less for the gradient and pass over memory fewer times than their parts would."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch


class RmsNorm(torch.autograd.Function):
    """x / rms(x) * weight along the last axis, with rms(x) = sqrt(mean(x^2) + eps) and a frozen weight.

    With r = 1 / rms(x) and g = above * weight the gradient is r * g - x * r^3 * mean(g * x); x and r are kept.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """Inputs: x (..., d), weight (d) or None, eps."""
        x, weight, eps = inputs
        scale = x.square().mean(dim=-1, keepdim=True).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        out = x * scale
        return out if weight is None else out.mul_(weight)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient for x."""
        x, weight, scale = ctx.saved_tensors
        above = grad_outputs[0] if weight is None else grad_outputs[0] * weight
        shared = (above * x).mean(dim=-1, keepdim=True).mul_(scale**3)
        return (above * scale).addcmul_(x, shared, value=-1), None, None


class Gate(torch.autograd.Function):
    """activation(gate) * up; only gate and up are kept, the activation is made again for the gradient."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """Inputs: gate, up (any shape), the activation."""
        gate, up, activation = inputs
        ctx.save_for_backward(gate, up)
        ctx.activation = activation
        return activation(gate) * up

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients for gate and up."""
        gate, up = ctx.saved_tensors
        above = grad_outputs[0]
        with torch.enable_grad():
            leaf = gate.detach().requires_grad_()
            opened = ctx.activation(leaf)
        (d_gate,) = torch.autograd.grad(opened, leaf, above * up)
        return d_gate, opened.detach() * above, None


def fuse_norms(model: Any, offset: float) -> None:
    """Let every RMS norm of a model in fp32 compute through RmsNorm. The layers multiply by weight + `offset`."""
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm") and _is_fp32(module):
            eps = module.eps if hasattr(module, "eps") else module.variance_epsilon
            module.forward = partial(_norm, module.weight.detach() + offset, eps)


def _is_fp32(module: Any) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, torch.Tensor) and weight.dtype == torch.float32


def _norm(weight: torch.Tensor, eps: float, x: torch.Tensor) -> torch.Tensor:
    out = RmsNorm.apply(x, weight, eps)
    assert isinstance(out, torch.Tensor)
    return out
