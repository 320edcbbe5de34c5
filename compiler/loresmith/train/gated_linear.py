"""The end of a gated MLP as one operation: the gate, and the adapted linear layer that reads it."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from loresmith.train.adapted_linear import adapted_gradients, adapted_product, is_fused
from loresmith.train.elementwise import Gate


class GatedAdaptedLinear(torch.autograd.Function):
    """AdaptedLinear of activation(gate) * up, for gate and up (n, in).

    Only gate and up are kept: their product, the widest matrix of a layer, is made again for the gradient.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """Inputs: gate, up, the activation, W, bias or None, A, B, scale."""
        gate, up, activation, weight, bias, a, b, scale = inputs
        out, low = adapted_product(activation(gate).mul_(up), weight, bias, a, b, scale)
        ctx.save_for_backward(gate, up, weight, a, b, low)
        ctx.activation, ctx.scale = activation, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients for gate, up, A and B; the rest is frozen."""
        gate, up, weight, a, b, low = ctx.saved_tensors
        with torch.enable_grad():
            leaf = gate.detach().requires_grad_()
            opened = ctx.activation(leaf)
        product = opened.detach() * up
        above, da, db = adapted_gradients(grad_outputs[0], product, weight, a, b, low, ctx.scale)
        (d_gate,) = torch.autograd.grad(opened, leaf, torch.mul(above, up, out=product))
        return d_gate, above.mul_(opened.detach()), None, None, None, da, db, None


def fuse_gates(model: Any) -> None:
    """Let every plain gated MLP (gate, up and down projections, one activation) of a model keep less for its gradient.

    An MLP that does more with its gate, as Gemma 3n's sparse layers do, stays as it is. Comes after `fuse_adapters`.
    """
    for module in model.modules():
        if hasattr(module, "gate_proj") and not getattr(module, "activation_sparsity", 0.0):
            module.forward = partial(_adapted if is_fused(module.down_proj) else _frozen, module)


def _adapted(module: Any, x: torch.Tensor) -> torch.Tensor:
    gate, up, down = module.gate_proj(x), module.up_proj(x), module.down_proj
    base, width = down.get_base_layer(), gate.shape[-1]
    a, b, scale = down.lora_A["default"].weight, down.lora_B["default"].weight, down.scaling["default"]
    out = GatedAdaptedLinear.apply(
        gate.reshape(-1, width), up.reshape(-1, width), module.act_fn, base.weight, base.bias, a, b, scale
    )
    assert isinstance(out, torch.Tensor)
    return out.view(*gate.shape[:-1], -1)


def _frozen(module: Any, x: torch.Tensor) -> torch.Tensor:
    return module.down_proj(Gate.apply(module.gate_proj(x), module.up_proj(x), module.act_fn))
