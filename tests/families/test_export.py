"""Exporting: what is refused, and what the verification of a written file sees."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from loresmith.diagnostics.failure import EnvironmentFailure, Rejected
from loresmith.export import converter
from loresmith.export.gguf import export_gguf, export_projector
from loresmith.export.verify import verify_model
from loresmith.merge.check import agreement
from loresmith.process.child import ChildFailed
from runs import Run, llama_logits, torch_logits
from tiny import edit_json, rename_tensors


def ignore(_: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def folder(gemma3: Run, tmp_path: Path) -> Path:
    """A copy of the merged folder that a test may change."""
    return Path(shutil.copytree(gemma3.merged, tmp_path / "merged"))


def test_missing_converter(gemma3: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(EnvironmentFailure, match="converter isn't installed") as caught:
        export_gguf(gemma3.merged, tmp_path / "model.gguf", "tiny", ignore)
    assert "pnpm run doctor" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_failing_converter_says_why_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    edit_json(folder / "config.json", architectures=["NoSuchForCausalLM"])
    with pytest.raises(Rejected, match="NoSuchForCausalLM is not supported") as caught:
        export_gguf(folder, tmp_path / "out" / "model.gguf", "tiny", ignore)
    assert "Traceback" not in caught.value.message
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("said", ["No space left on device", "Not enough free space to write 9 bytes"])
def test_full_disk(gemma3: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    def fail(*_: object) -> None:
        raise ChildFailed(1, f"OSError: {said}")

    monkeypatch.setattr(converter, "run_child", fail)
    with pytest.raises(EnvironmentFailure, match="disk is full") as caught:
        export_gguf(gemma3.merged, tmp_path / "model.gguf", "tiny", ignore)
    assert caught.value.where == str(tmp_path / "model.gguf")


def test_truncated_weights(folder: Path, tmp_path: Path) -> None:
    shard = folder / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-5000])
    with pytest.raises(Rejected, match="can't be converted"):
        export_gguf(folder, tmp_path / "model.gguf", "tiny", ignore)
    assert not (tmp_path / "model.gguf").exists()


def test_verification_sees_a_wrong_template_and_end_token(gemma3: Run, folder: Path) -> None:
    config = json.loads((folder / "tokenizer_config.json").read_text())
    tokens = config["added_tokens_decoder"]
    turn_ends = next(key for key, entry in tokens.items() if entry["content"] == "<end_of_turn>")
    tokens["9"] = tokens.pop(turn_ends)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(Rejected, match=rf"eos_token_id is {turn_ends} and should be 9"):
        verify_model(gemma3.f16, folder)


def test_special_tokens_must_be_control_tokens(folder: Path, tmp_path: Path) -> None:
    edit_json(folder / "tokenizer_config.json", added_tokens_decoder={})
    with pytest.raises(Rejected, match="bos_token_id is 2 and should be None"):
        export_gguf(folder, tmp_path / "model.gguf", "tiny", ignore)


def test_verification_counts_tensors(gemma3: Run, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.0.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(Rejected, match=f"has {len(tensors) + 1} tensors and should have {len(tensors)}"):
        verify_model(gemma3.f16, folder)


@pytest.mark.slow
def test_multimodal_folder_of_gemma3n(gemma3n_sharing: Run, tmp_path: Path) -> None:
    """The layout of the published checkpoints: the text weights lie under model.language_model."""
    multimodal = Path(shutil.copytree(gemma3n_sharing.merged, tmp_path / "multimodal"))
    rename_tensors(multimodal, "model.", "model.language_model.")
    text = json.loads((multimodal / "config.json").read_text())
    outer = {
        "architectures": ["Gemma3nForConditionalGeneration"], "model_type": "gemma3n", "text_config": text,
        "vision_config": {"model_type": "gemma3n_vision"}, "audio_config": {"model_type": "gemma3n_audio"},
    }  # fmt: skip
    (multimodal / "config.json").write_text(json.dumps(outer))
    export_gguf(multimodal, tmp_path / "model.gguf", "tiny", ignore)
    ids = gemma3n_sharing.ids
    expected = torch_logits(gemma3n_sharing.merged, gemma3n_sharing.family, ids)
    assert agreement(expected, llama_logits(tmp_path / "model.gguf", ids)).correlation >= 0.9999


def test_no_projector_without_a_tower(gemma3: Run, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="no vision tower"):
        export_projector(gemma3.base, tmp_path / "mmproj.gguf", ignore)
