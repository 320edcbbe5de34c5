"""A packed row trains like its samples one by one in plain transformers, in every family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from loresmith.families.family import family_named
from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train.loss import supervised_loss
from loresmith.train.model import adapter_parameters, add_adapter, load_base, prepare_rows
from loresmith.train.rows import row_of
from runs import example_ids
from tiny import make_folder


def adapted(name: str, base: Path) -> Any:
    family = family_named(name)
    model = add_adapter(load_base(base, family, "fp32"), family, Train(rank=4))
    torch.manual_seed(11)
    with torch.no_grad():
        for parameter_name, parameter in adapter_parameters(model).items():
            if "lora_B" in parameter_name:
                parameter.normal_(std=0.05)
    return model


def cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))


def samples(ids: list[int]) -> list[Sample]:
    """Three samples of different lengths, one longer than the tiny models' sliding window."""
    parts = (ids, ids[5:17], ids[20:41])
    return [
        Sample(id=str(number), path="", category="", weight=1.0 + number, party=("Lyra",),
               ids=tuple(part), spans=((3, 6), (8, len(part))), deeds=(), messages=())
        for number, part in enumerate(parts)
    ]  # fmt: skip


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
@pytest.mark.parametrize("name", ["gemma3", "gemma3n", "qwen3"])
def test_a_packed_row_is_its_samples_alone(name: str, device: str, tmp_path: Path) -> None:
    """What `prepare_rows` makes for each device, computed here on the CPU: away from it transformers' own attention
    isolates the samples, told by positions that begin anew."""
    base = make_folder(name, tmp_path / "base")
    batch = samples(example_ids(base))
    plain = adapted(name, base)
    plain.set_attn_implementation("eager")
    expected = sum(supervised_loss(plain, row_of([sample], "cpu")) for sample in batch)
    assert isinstance(expected, torch.Tensor)
    expected.backward()
    packed = adapted(name, base)
    prepare_rows(packed, family_named(name), device)
    loss = supervised_loss(packed, row_of(batch, "cpu"))
    loss.backward()
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
    for parameter_name, parameter in adapter_parameters(plain).items():
        found = dict(packed.named_parameters())[parameter_name].grad
        assert parameter.grad is not None
        torch.testing.assert_close(found, parameter.grad, rtol=2e-3, atol=2e-5, msg=parameter_name)


@pytest.mark.parametrize("name", ["gemma3", "gemma3n", "qwen3"])
def test_bf16_mixed_goes_where_fp32_goes(name: str, tmp_path: Path) -> None:
    """Only the frozen weights' products are in bf16: loss and gradients differ by its rounding, and are in fp32."""
    base = make_folder(name, tmp_path / "base")
    row = row_of(samples(example_ids(base)), "cpu")
    losses: list[torch.Tensor] = []
    found: list[dict[str, torch.nn.Parameter]] = []
    for precision in ("fp32", "bf16-mixed"):
        model = adapted(name, base)
        prepare_rows(model, family_named(name), "cpu", precision)
        losses.append(supervised_loss(model, row))
        losses[-1].backward()
        found.append(adapter_parameters(model))
        causal = model.get_base_model()
        lowered = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
        assert causal.lm_head.weight.dtype == lowered
        assert causal.model.layers[0].mlp.down_proj.get_base_layer().weight.dtype == lowered
        assert causal.model.embed_tokens.weight.dtype == torch.float32
    assert losses[0] != losses[1]
    torch.testing.assert_close(losses[1], losses[0], rtol=5e-3, atol=0)
    for parameter_name, exact in found[0].items():
        gradient = found[1][parameter_name].grad
        assert exact.grad is not None
        assert gradient is not None
        assert gradient.dtype == torch.float32
        assert cosine(gradient, exact.grad) > 0.9, parameter_name
