"""Slicing: the kept rows of every table, and everything else byte by byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from loresmith.diagnostics.failure import Rejected
from loresmith.trim.numbering import numbering_of
from loresmith.trim.weights import slice_weights, table_rows
from safetensors.torch import load_file, save_file

KEPT = (0, 1, 4, 5, 6, 9)
PREFIXES = ["model.", "model.language_model."]


def tensors(prefix: str) -> dict[str, torch.Tensor]:
    """A model with a table that has fewer rows than the others, as Gemma 3n's has."""
    torch.manual_seed(1)
    return {
        f"{prefix}embed_tokens.weight": torch.randn(10, 3),
        f"{prefix}embed_tokens_per_layer.weight": torch.randn(8, 5).bfloat16(),
        "lm_head.weight": torch.randn(10, 3).half(),
        f"{prefix}layers.0.mlp.up_proj.weight": torch.randn(10, 3),
        "model.embed_vision.embedding.weight": torch.randn(10, 2),
    }


@pytest.mark.parametrize("prefix", PREFIXES)
def test_rows_of_every_table(tmp_path: Path, prefix: str) -> None:
    before = tensors(prefix)
    save_file(before, tmp_path / "model.safetensors", metadata={"format": "pt"})
    out = tmp_path / "out"
    out.mkdir()
    saved = slice_weights(tmp_path, out, numbering_of(KEPT), lambda _: None)
    after = load_file(out / "model.safetensors")
    assert torch.equal(
        after[f"{prefix}embed_tokens.weight"], before[f"{prefix}embed_tokens.weight"][list(KEPT)]
    )
    per_layer = f"{prefix}embed_tokens_per_layer.weight"
    assert torch.equal(after[per_layer], before[per_layer][[0, 1, 4, 5, 6]])
    assert torch.equal(after["lm_head.weight"], before["lm_head.weight"][list(KEPT)])
    for name in (f"{prefix}layers.0.mlp.up_proj.weight", "model.embed_vision.embedding.weight"):
        assert torch.equal(after[name], before[name])
    assert saved == 4 * 3 * 4 + 3 * 5 * 2 + 4 * 3 * 2
    assert table_rows(out) == len(KEPT)


def test_shards_without_a_table_are_linked_and_the_index_is_right(tmp_path: Path) -> None:
    made = tensors("model.")
    tables = {name: t for name, t in made.items() if "embed_tokens" in name or "lm_head" in name}
    others = {name: t for name, t in made.items() if name not in tables}
    files = {"model-00001-of-00002.safetensors": tables, "model-00002-of-00002.safetensors": others}
    for name, part in files.items():
        save_file(part, tmp_path / name)
    total = sum(t.nbytes for t in made.values())
    weight_map = {name: file for file, part in files.items() for name in part}
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    out = tmp_path / "out"
    out.mkdir()
    saved = slice_weights(tmp_path, out, numbering_of(KEPT), lambda _: None)
    untouched = "model-00002-of-00002.safetensors"
    assert (out / untouched).read_bytes() == (tmp_path / untouched).read_bytes()
    written = json.loads((out / "model.safetensors.index.json").read_text())
    assert written == {"metadata": {"total_size": total - saved}, "weight_map": weight_map}


def test_a_damaged_shard_is_refused(tmp_path: Path) -> None:
    save_file(tensors("model."), tmp_path / "model.safetensors")
    shard = tmp_path / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-3])
    with pytest.raises(Rejected, match="damaged or cut short"):
        slice_weights(tmp_path, tmp_path, numbering_of(KEPT), lambda _: None)
