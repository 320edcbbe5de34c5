"""Causal attention over rows of several samples, each seeing only itself: made of plain matrix products.

A CPU reaches a larger part of its matrix speed this way than in the fused kernel, which also works on everything
that a mask hides: here a block of queries meets only the keys of its own sample and window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import torch

from loresmith.train.rows import Segment

NAME = "loresmith_isolated"
"""The name under which transformers knows this attention; products in a precision of their own are in it."""
BLOCK = 256
"""Queries at a time."""


@dataclass(frozen=True)
class Block:
    """The queries `start`..`end` of a row, and the first key that any of them sees."""

    first_key: int
    start: int
    end: int


def blocks_of(segments: Sequence[Segment], window: int | None) -> list[Block]:
    """The blocks that cover every query once; a query sees itself and what precedes it in its own segment, with a
    window of w the last w positions, its own among them."""
    return [
        Block(max(begin, start - window + 1) if window else begin, start, min(start + BLOCK, end))
        for begin, end in segments
        for start in range(begin, end, BLOCK)
    ]


class IsolatedAttention(torch.autograd.Function):
    """softmax(scale * q @ k.T) @ v for q (t, heads, d) and k, v (t, key heads, d); gives (t, heads, d).

    A key head serves heads / key heads neighbouring query heads. The probabilities are kept for the gradient. Matrix
    products are made in the precision asked for, the softmax and its gradient in that of q.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> torch.Tensor:
        """Inputs: q, k, v, the scale, the blocks, the window or None, the products' precision."""
        scale, blocks, window, dtype = inputs[3:]
        out = torch.empty_like(inputs[0])
        q, k, v = (tensor.to(dtype) for tensor in inputs[:3])
        kept: list[torch.Tensor] = []
        for block in blocks:
            for head in range(k.shape[1]):
                queries, keys, values = _part(block, head, q, k, v)
                scores = (queries @ keys.T).to(out.dtype).mul_(scale)
                _hide(scores, block, window)
                weights = torch.softmax(scores, dim=-1).to(dtype)
                _rows(out, block, head, k.shape[1]).copy_(_grouped(weights @ values, block))
                kept.append(weights)
        ctx.save_for_backward(q, k, v, *kept)
        ctx.scale, ctx.blocks = scale, blocks
        return out

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients for q, k and v."""
        q, k, v, *kept = ctx.saved_tensors
        exact, heads = grad_outputs[0].dtype, k.shape[1]
        d_out = grad_outputs[0].to(q.dtype)
        dq = torch.empty_like(q, dtype=exact)
        dk, dv = torch.zeros_like(k, dtype=exact), torch.zeros_like(v, dtype=exact)
        remaining = iter(kept)
        for block in ctx.blocks:
            seen = slice(block.first_key, block.end)
            for head in range(heads):
                queries, keys, values = _part(block, head, q, k, v)
                weights = next(remaining)
                above = _rows(d_out, block, head, heads).reshape(-1, q.shape[2])
                dv[seen, head] += weights.T @ above
                slopes = _slopes(above @ values.T, weights, ctx.scale, exact)
                _rows(dq, block, head, heads).copy_(_grouped(slopes @ keys, block))
                dk[seen, head] += slopes.T @ queries
        return dq, dk, dv, None, None, None, None


def _slopes(above: torch.Tensor, weights: torch.Tensor, scale: float, exact: torch.dtype) -> torch.Tensor:
    """The gradient for the products of queries and keys, of that for their softmax `weights`."""
    slopes = torch.ops.aten._softmax_backward_data(above.to(exact), weights.to(exact), -1, exact)
    return slopes.mul_(scale).to(weights.dtype)


def _rows(tensor: torch.Tensor, block: Block, head: int, heads: int) -> torch.Tensor:
    """The block's queries of the query heads that one key head serves: (queries, group, d)."""
    group = tensor.shape[1] // heads
    return tensor[block.start : block.end, head * group : (head + 1) * group]


def _part(
    block: Block, head: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The queries as rows (queries * group, d), and the keys and values that they see (keys, d)."""
    seen = slice(block.first_key, block.end)
    return _rows(q, block, head, k.shape[1]).reshape(-1, q.shape[2]), k[seen, head], v[seen, head]


def _grouped(rows: torch.Tensor, block: Block) -> torch.Tensor:
    return rows.view(block.end - block.start, -1, rows.shape[1])


def _hide(scores: torch.Tensor, block: Block, window: int | None) -> None:
    """Put -inf where a query of the block must not look: at later keys, and at those before its window."""
    hidden = _hidden(block.start - block.first_key, block.end - block.start, window, scores.device)
    _grouped(scores, block).masked_fill_(hidden, float("-inf"))


@lru_cache(maxsize=256)
def _hidden(before: int, queries: int, window: int | None, device: torch.device) -> torch.Tensor:
    """True where `queries` queries, with `before` keys ahead of the first, must not look: (queries, 1, keys)."""
    query = torch.arange(before, before + queries, device=device)[:, None, None]
    key = torch.arange(before + queries, device=device)
    hidden = key > query
    return hidden | (key <= query - window) if window else hidden


def attend(  # the signature is transformers'
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _attention_mask: torch.Tensor | None,
    scaling: float,
    segments: Sequence[Segment],
    sliding_window: int | None = None,
    products: torch.dtype | None = None,
    **unused: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of one row, as transformers calls it: query (1, heads, t, d) in, (1, t, heads, d) out. `products` is
    the precision of the matrix products where it isn't the query's.

    Raises ValueError for what this attention doesn't do: dropout, soft caps on the scores.
    """
    if unused.get("dropout") or unused.get("softcap"):
        raise ValueError(f"{type(module).__name__} asks for dropout or a soft cap")
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    blocks = blocks_of(segments, sliding_window)
    out = IsolatedAttention.apply(q, k, v, scaling, blocks, sliding_window, products or q.dtype)
    assert isinstance(out, torch.Tensor)
    return out[None], None


def use_isolated_attention(model: Any, products: torch.dtype | None = None) -> None:
    """Let every layer of a transformers model attend through `attend`; its forward then takes `segments`."""
    from transformers import AttentionInterface, AttentionMaskInterface

    name = f"{NAME}_{products}".replace("torch.", "") if products else NAME
    AttentionInterface.register(name, partial(attend, products=products))
    AttentionMaskInterface.register(name, _no_mask)
    model.set_attn_implementation(name)


def _no_mask(*_arguments: Any, **_options: Any) -> None:
    """Blocks decide what a query sees; transformers needn't write it out as a matrix."""
