"""A trimmed folder: the same layout, the same words, fewer tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import family_named
from loresmith.trim import proof
from loresmith.trim.fidelity import fidelity
from loresmith.trim.needed import tokenizer_of
from loresmith.trim.proof import FOREIGN, require_same_logits, require_same_reading
from loresmith.trim.savings import savings

from tests.trim.bases import trimmed, wanted


def test_the_layout_is_the_bases(base: tuple[str, Path], tmp_path: Path) -> None:
    made = trimmed(base[1], tmp_path / "out", base[0])
    names = {path.name for path in base[1].iterdir()}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["vocab_size"] == len(made.numbering.kept)
    added = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())["added_tokens_decoder"]
    ends = tokenizer_of(tmp_path / "out").token_to_id(family_named(base[0]).end_of_turn)
    assert added[str(ends)]["content"] == family_named(base[0]).end_of_turn


def test_sentencepiece_reads_what_tokenizers_reads(gemma3: Path, tmp_path: Path) -> None:
    from sentencepiece import SentencePieceProcessor

    trimmed(gemma3, tmp_path, "gemma3")
    pieces, tokenizer = SentencePieceProcessor(), tokenizer_of(tmp_path)
    pieces.LoadFromFile(str(tmp_path / "tokenizer.model"))
    for text in ("The goblin laughs!", "A dragon, 🐉", "über"):
        assert pieces.EncodeAsIds(text) == tokenizer.encode(text, add_special_tokens=False).ids
    assert pieces.unk_id() == tokenizer.token_to_id("<unk>")
    assert pieces.bos_id() == tokenizer.token_to_id("<bos>")


def test_bos_is_added_under_its_new_id(gemma3: Path, tmp_path: Path) -> None:
    trimmed(gemma3, tmp_path, "gemma3")
    tokenizer = tokenizer_of(tmp_path)
    assert tokenizer.encode("The").ids[0] == tokenizer.token_to_id("<bos>")


def test_the_proof_of_a_good_trim(base: tuple[str, Path], tmp_path: Path) -> None:
    made = trimmed(base[1], tmp_path, base[0])
    family = family_named(base[0])
    texts = wanted(family).texts
    read = require_same_reading(base[1], tmp_path, made, texts)
    assert read["texts"] == 1
    assert read["tokens"] > 10
    measured = fidelity(base[1], tmp_path, family, made.numbering, texts)
    require_same_logits(measured.max_logit_difference)
    assert 0 < measured.bits_per_byte_after < measured.bits_per_byte_before


def test_fidelity_sees_other_weights(gemma3: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    made = trimmed(gemma3, tmp_path, "gemma3")
    weights = load_file(tmp_path / "model.safetensors")
    rows = weights["model.embed_tokens.weight"]
    weights["model.embed_tokens.weight"] = torch.roll(rows, 1, 0)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    family = family_named("gemma3")
    measured = fidelity(gemma3, tmp_path, family, made.numbering, wanted(family).texts)
    assert measured.max_logit_difference > 0.01
    with pytest.raises(Rejected, match="kept token's logit moved"):
        require_same_logits(measured.max_logit_difference)


def test_logits_that_arent_numbers_fail_the_proof() -> None:
    require_same_logits(0.0)
    with pytest.raises(Rejected, match="moved by nan"):
        require_same_logits(float("nan"))


def test_text_that_is_not_covered_fails_the_proof(base: tuple[str, Path], tmp_path: Path) -> None:
    made = trimmed(base[1], tmp_path, base[0])
    with pytest.raises(Rejected, match="Hugging Face's tokenizer reads it otherwise") as caught:
        require_same_reading(base[1], tmp_path, made, ["The dragon coils around the bridge."])
    assert "dragon" in caught.value.excerpt


def test_a_lost_merge_fails_the_proof(gemma3: Path, tmp_path: Path) -> None:
    made = trimmed(gemma3, tmp_path, "gemma3")
    path = tmp_path / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["merges"] = content["model"]["merges"][5:]
    path.write_text(json.dumps(content))
    with pytest.raises(Rejected, match="Hugging Face's tokenizer"):
        require_same_reading(gemma3, tmp_path, made, wanted(family_named("gemma3")).texts)


def test_llama_cpp_reading_otherwise_fails_the_proof(
    gemma3: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(_folder: Path, texts: list[str]) -> list[list[int]]:
        return [[1] for _ in texts]

    monkeypatch.setattr(proof, "llama_tokens", other)
    made = trimmed(gemma3, tmp_path, "gemma3")
    with pytest.raises(Rejected, match=r"llama\.cpp reads it otherwise"):
        require_same_reading(gemma3, tmp_path, made, wanted(family_named("gemma3")).texts)


def test_a_lost_byte_fails_the_proof(gemma3: Path, tmp_path: Path) -> None:
    made = trimmed(gemma3, tmp_path, "gemma3")
    path = tmp_path / "tokenizer.json"
    path.write_text(path.read_text().replace("<0xD0>", "gone"))
    assert any("Привет" in text for text in FOREIGN)
    with pytest.raises(Rejected, match="doesn't give it back"):
        require_same_reading(gemma3, tmp_path, made, wanted(family_named("gemma3")).texts)


def test_savings_add_up(gemma3: Path, tmp_path: Path) -> None:
    made = trimmed(gemma3, tmp_path, "gemma3")
    report = savings(gemma3, made)
    gone = report["tokens_before"] - report["tokens_after"]
    assert gone == 512 - len(made.numbering.kept) > 0
    assert report["weight_bytes_saved"] == gone * 256 * 4
    assert report["vocabulary_bytes_saved"] > gone * 17
    assert sum(report["kept_for"].values()) == report["tokens_after"]
