"""What a training step is made of, against torch's own in double precision."""

from __future__ import annotations

import pytest
import torch
from loresmith.train.adapted_linear import AdaptedLinear
from loresmith.train.attention import BLOCK, IsolatedAttention, attend, blocks_of
from loresmith.train.elementwise import Gate, RmsNorm
from loresmith.train.gated_linear import GatedAdaptedLinear
from loresmith.train.rows import Segment

SEGMENTS: tuple[Segment, ...] = ((0, 1), (1, 40), (40, 40 + 2 * BLOCK + 7))


def visible(segments: tuple[Segment, ...], window: int | None) -> torch.Tensor:
    """Which key each query sees, written out: the same sample, not later, and within the window."""
    length = segments[-1][1]
    sample = [number for number, (begin, end) in enumerate(segments) for _ in range(begin, end)]
    return torch.tensor(
        [
            [sample[q] == sample[k] and k <= q and (window is None or q - k < window) for k in range(length)]
            for q in range(length)
        ]
    )


@pytest.mark.parametrize("window", [None, 1, 30, BLOCK + 9])
@pytest.mark.parametrize(("heads", "key_heads"), [(4, 1), (4, 2), (2, 2)])
def test_isolated_attention_is_masked_attention(heads: int, key_heads: int, window: int | None) -> None:
    torch.manual_seed(3)
    length = SEGMENTS[-1][1]
    q = torch.randn(length, heads, 8, dtype=torch.float64, requires_grad=True)
    k, v = (torch.randn(length, key_heads, 8, dtype=torch.float64, requires_grad=True) for _ in range(2))
    ours = IsolatedAttention.apply(q, k, v, 0.3, blocks_of(SEGMENTS, window), window, torch.float64)
    plain = torch.nn.functional.scaled_dot_product_attention(
        q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1),
        attn_mask=visible(SEGMENTS, window), scale=0.3, enable_gqa=True,
    ).transpose(0, 1)  # fmt: skip
    above = torch.randn_like(plain)
    assert isinstance(ours, torch.Tensor)
    torch.testing.assert_close(ours, plain)
    for mine, theirs in zip(
        torch.autograd.grad(ours, (q, k, v), above), torch.autograd.grad(plain, (q, k, v), above), strict=True
    ):
        torch.testing.assert_close(mine, theirs)


def test_attention_with_products_in_bf16_stays_near() -> None:
    """What comes out, and every gradient, is in fp32 and off by bf16's rounding, 2^-8 of its size, a few times over."""
    torch.manual_seed(4)
    length, blocks = SEGMENTS[-1][1], blocks_of(SEGMENTS, None)
    q = torch.randn(length, 4, 8, requires_grad=True)
    k, v = (torch.randn(length, 1, 8, requires_grad=True) for _ in range(2))
    exact, ours = (
        IsolatedAttention.apply(q, k, v, 0.3, blocks, None, dtype)
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert isinstance(exact, torch.Tensor)
    assert isinstance(ours, torch.Tensor)
    above = torch.randn_like(exact)
    pairs = [(ours, exact)]
    pairs += zip(
        torch.autograd.grad(ours, (q, k, v), above), torch.autograd.grad(exact, (q, k, v), above), strict=True
    )
    for low, full in pairs:
        assert low.dtype == torch.float32
        assert 0 < float((low - full).detach().norm()) < 0.02 * float(full.detach().norm())


def test_blocks_cover_every_query_once_and_no_key_of_another_sample() -> None:
    blocks = blocks_of(SEGMENTS, 30)
    assert [q for b in blocks for q in range(b.start, b.end)] == list(range(SEGMENTS[-1][1]))
    for block in blocks:
        begin = max(begin for begin, _ in SEGMENTS if begin <= block.start)
        assert begin <= block.first_key <= block.start


def test_what_the_attention_cannot_do_is_refused() -> None:
    q = torch.zeros(1, 2, 5, 4)
    with pytest.raises(ValueError, match="soft cap"):
        attend(torch.nn.Identity(), q, q, q, None, 1.0, ((0, 5),), softcap=50.0)


@pytest.mark.parametrize("bias", [True, False])
def test_an_adapted_linear_layer_is_the_sum_of_layer_and_adapter(*, bias: bool) -> None:
    torch.manual_seed(5)
    x = torch.randn(9, 6, dtype=torch.float64, requires_grad=True)
    weight, offset = torch.randn(7, 6, dtype=torch.float64), torch.randn(7, dtype=torch.float64)
    a = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    b = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    inputs = (x, weight, offset if bias else None, a, b, 0.7)
    plain = x @ (weight + 0.7 * b @ a).T + (offset if bias else 0.0)
    ours = AdaptedLinear.apply(*inputs)
    assert isinstance(ours, torch.Tensor)
    torch.testing.assert_close(ours, plain)

    def trained(x: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        out = AdaptedLinear.apply(x, weight, inputs[2], a, b, 0.7)
        assert isinstance(out, torch.Tensor)
        return out

    assert torch.autograd.gradcheck(trained, (x, a, b))


def test_a_norm_is_its_formula() -> None:
    torch.manual_seed(6)
    x = torch.randn(5, 3, 8, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(8, dtype=torch.float64)

    def normed(x: torch.Tensor) -> torch.Tensor:
        out = RmsNorm.apply(x, weight, 1e-3)
        assert isinstance(out, torch.Tensor)
        return out

    torch.testing.assert_close(normed(x), torch.nn.functional.rms_norm(x, (8,), weight, 1e-3))
    assert torch.autograd.gradcheck(normed, (x,))


def test_a_gate_is_its_formula() -> None:
    torch.manual_seed(7)
    gate, up = (torch.randn(5, 8, dtype=torch.float64, requires_grad=True) for _ in range(2))

    def opened(gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
        out = Gate.apply(gate, up, torch.nn.functional.silu)
        assert isinstance(out, torch.Tensor)
        return out

    torch.testing.assert_close(opened(gate, up), torch.nn.functional.silu(gate) * up)
    assert torch.autograd.gradcheck(opened, (gate, up))


def test_a_gated_adapted_layer_is_the_adapted_layer_of_the_gate() -> None:
    torch.manual_seed(8)
    gate, up = (torch.randn(9, 6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    weight, offset = torch.randn(7, 6, dtype=torch.float64), torch.randn(7, dtype=torch.float64)
    a = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    b = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)

    def trained(*tensors: torch.Tensor) -> torch.Tensor:
        gate, up, a, b = tensors
        out = GatedAdaptedLinear.apply(gate, up, torch.nn.functional.silu, weight, offset, a, b, 0.7)
        assert isinstance(out, torch.Tensor)
        return out

    parts = AdaptedLinear.apply(Gate.apply(gate, up, torch.nn.functional.silu), weight, offset, a, b, 0.7)
    torch.testing.assert_close(trained(gate, up, a, b), parts)
    assert torch.autograd.gradcheck(trained, (gate, up, a, b))
