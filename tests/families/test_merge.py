"""Merging: what is refused, and what different folders have in common."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from loresmith.diagnostics.failure import Rejected
from loresmith.merge.adapter import merge_adapter
from loresmith.merge.check import agreement, compare_logits
from runs import Run
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny import edit_json, rename_tensors

Merge = Callable[[Path, Path], Path]


@pytest.fixture
def merge(tmp_path: Path) -> Merge:
    """Merge into a fresh folder."""

    def run(base: Path, adapter: Path) -> Path:
        merge_adapter(base, adapter, tmp_path / "merged", lambda _: None)
        return tmp_path / "merged"

    return run


@pytest.fixture
def base(gemma3: Run, tmp_path: Path) -> Path:
    """A copy of the base that a test may change."""
    return Path(shutil.copytree(gemma3.base, tmp_path / "base"))


@pytest.fixture
def adapter(gemma3: Run, tmp_path: Path) -> Path:
    """A copy of the adapter that a test may change."""
    return Path(shutil.copytree(gemma3.adapter, tmp_path / "adapter"))


def test_formula(gemma3: Run) -> None:
    name = "model.layers.2.mlp.up_proj"
    factors = load_file(gemma3.adapter / "adapter_model.safetensors")
    a, b = (factors[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
    before = load_file(gemma3.base / "model.safetensors")
    after = load_file(gemma3.merged / "model.safetensors")
    assert torch.allclose(after[f"{name}.weight"], before[f"{name}.weight"] + 2 * b @ a, atol=1e-6)
    assert torch.equal(after["model.embed_tokens.weight"], before["model.embed_tokens.weight"])
    assert list(after) == list(before)


def test_unknown_tensor_is_an_error(base: Path, adapter: Path, merge: Merge) -> None:
    def move(name: str) -> str:
        return name.replace("layers.5.self_attn.q_proj", "layers.9.self_attn.q_proj")

    weights = adapter / "adapter_model.safetensors"
    save_file({move(name): tensor for name, tensor in load_file(weights).items()}, weights)
    with pytest.raises(Rejected, match=r"model\.layers\.9\.self_attn\.q_proj, which the base model doesn't"):
        merge(base, adapter)


def test_tensor_that_is_no_factor_is_an_error(base: Path, adapter: Path, merge: Merge) -> None:
    weights = adapter / "adapter_model.safetensors"
    extra = {"base_model.model.model.embed_tokens.weight": torch.zeros(512, 256)}
    save_file(load_file(weights) | extra, weights)
    with pytest.raises(Rejected, match=r"embed_tokens\.weight isn't a LoRA factor"):
        merge(base, adapter)


def test_missing_factor_is_an_error(base: Path, adapter: Path, merge: Merge) -> None:
    weights = adapter / "adapter_model.safetensors"
    tensors = load_file(weights)
    del tensors["base_model.model.model.layers.0.mlp.up_proj.lora_B.weight"]
    save_file(tensors, weights)
    with pytest.raises(Rejected, match=r"lacks a factor: model\.layers\.0\.mlp\.up_proj"):
        merge(base, adapter)


def test_another_shape_is_an_error(base: Path, adapter: Path, merge: Merge) -> None:
    weights = adapter / "adapter_model.safetensors"
    name = "base_model.model.model.layers.0.mlp.up_proj.lora_B.weight"
    save_file(load_file(weights) | {name: torch.zeros(7, 4)}, weights)
    with pytest.raises(Rejected, match="don't have its shape"):
        merge(base, adapter)


@pytest.mark.parametrize(
    "change", [{"use_rslora": True}, {"alpha_pattern": {"q_proj": 4}}, {"modules_to_save": ["lm_head"]}]
)
def test_other_kinds_of_adapters_are_refused(
    base: Path, adapter: Path, merge: Merge, change: dict[str, Any]
) -> None:
    edit_json(adapter / "adapter_config.json", **change)
    with pytest.raises(Rejected, match=next(iter(change))):
        merge(base, adapter)


@pytest.mark.parametrize("kept", [4, 100, -1])
def test_truncated_shard_is_an_error(base: Path, adapter: Path, merge: Merge, kept: int) -> None:
    shard = base / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:kept])
    with pytest.raises(Rejected, match="damaged or cut short") as caught:
        merge(base, adapter)
    assert caught.value.where == str(shard)


@pytest.mark.parametrize("prefix", ["model.language_model.", "language_model.model."])
def test_multimodal_names(gemma3: Run, base: Path, merge: Merge, prefix: str) -> None:
    rename_tensors(base, "model.", prefix)
    merged = load_file(merge(base, gemma3.adapter) / "model.safetensors")
    expected = load_file(gemma3.merged / "model.safetensors")
    assert {name.replace(prefix, "model.", 1) for name in merged} == set(expected)
    assert all(torch.equal(merged[name.replace("model.", prefix, 1)], t) for name, t in expected.items())


def test_sharded_bf16_base(gemma3: Run, base: Path, merge: Merge) -> None:
    tensors = {name: t.bfloat16() for name, t in load_file(base / "model.safetensors").items()}
    (base / "model.safetensors").unlink()
    _save_sharded(tensors, base)
    merged = merge(base, gemma3.adapter)
    assert compare_logits(base, gemma3.adapter, merged, gemma3.ids).correlation > 0.999999
    index = json.loads((merged / "model.safetensors.index.json").read_text())
    sizes, dtypes = 0, set[str]()
    for shard in sorted(set(index["weight_map"].values())):
        with safe_open(merged / shard, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                tensor = file.get_tensor(name)
                sizes += tensor.nbytes
                dtypes.add(f"{'adapted' if 'proj' in name else 'other'} {tensor.dtype}")
    assert index["metadata"]["total_size"] == sizes
    assert dtypes == {"adapted torch.float32", "other torch.bfloat16"}


def _save_sharded(tensors: dict[str, torch.Tensor], folder: Path) -> None:
    names = sorted(tensors)
    weight_map: dict[str, str] = {}
    for number, part in enumerate((names[:30], names[30:]), start=1):
        file = f"model-{number:05d}-of-00002.safetensors"
        save_file({name: tensors[name] for name in part}, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    size = sum(tensor.nbytes for tensor in tensors.values())
    content = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))


def test_artefact_manifest_stays_behind(gemma3: Run, base: Path, merge: Merge) -> None:
    (base / "manifest.json").write_text("{}")
    assert not (merge(base, gemma3.adapter) / "manifest.json").exists()


def test_agreement_of_known_tables() -> None:
    expected = torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    same = agreement(expected, expected * 2 + 1)
    assert same.correlation == pytest.approx(1.0)
    assert same.top1_agreement == 1.0
    assert same.max_abs_difference == 4.0
    turned = agreement(expected, -expected)
    assert turned.correlation == pytest.approx(-1.0)
    assert turned.top1_agreement == 0.0
