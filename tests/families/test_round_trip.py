"""Base and adapter, merged folder, f16 file and quantized files say the same."""

from __future__ import annotations

import filecmp
import json
from typing import Any

import pytest
from loresmith.export.adapter import export_adapter
from loresmith.export.verify import special_tokens, value_of
from loresmith.merge.check import agreement, compare_logits
from runs import Run, llama_logits, torch_logits

FAMILIES = [
    "gemma3",
    "qwen3",
    pytest.param("gemma3n", marks=pytest.mark.slow),
    pytest.param("gemma3n_sharing", marks=pytest.mark.slow),
]


@pytest.fixture(params=FAMILIES)
def run(request: pytest.FixtureRequest) -> Run:
    """The run of one family after the other."""
    return request.getfixturevalue(request.param)


def test_merged_says_what_base_and_adapter_say(run: Run) -> None:
    measured = compare_logits(run.base, run.adapter, run.merged, run.ids)
    assert measured.correlation > 0.999999
    assert measured.max_abs_difference < 1e-3
    assert measured.top1_agreement == 1.0
    assert measured.positions == len(run.ids)


def test_adapter_changed_something(run: Run) -> None:
    before = torch_logits(run.base, run.family, run.ids)
    assert agreement(before, torch_logits(run.merged, run.family, run.ids)).correlation < 0.999


def test_f16_file_says_what_the_merged_folder_says(run: Run) -> None:
    measured = agreement(torch_logits(run.merged, run.family, run.ids), llama_logits(run.f16, run.ids))
    assert measured.correlation >= 0.9999


def test_quantized_files_stay_close(run: Run) -> None:
    expected = torch_logits(run.merged, run.family, run.ids)
    least = {"q8_0": 0.995, "q4_k_m": 0.9}
    for kind, file in run.quantized.items():
        assert agreement(expected, llama_logits(file.path, run.ids)).correlation > least[kind]


def test_quantized_files_are_of_their_type(run: Run) -> None:
    largest = {kind: next(iter(file.types)) for kind, file in run.quantized.items()}
    for kind, file in run.quantized.items():
        assert largest[kind] in {"q8_0": ("q8_0",), "q4_k_m": ("q4_k", "q6_k")}[kind]
        assert file.bytes == file.path.stat().st_size < run.f16.stat().st_size
        assert sum(share.bytes for share in file.types.values()) < file.bytes
        # Gemma 3n's AltUp and Laurel stay in f16, a large part of a tiny model.
        assert {"q8_0": 8.5, "q4_k_m": 4.5}[kind] <= file.bits_per_weight < {"q8_0": 10, "q4_k_m": 7.5}[kind]


def test_base_and_lora_file_say_what_the_merged_folder_says(run: Run, tmp_path: Any) -> None:
    from loresmith.export.gguf import export_gguf

    export_gguf(run.base, tmp_path / "base.gguf", "tiny", lambda _: None)
    export_adapter(run.base, run.adapter, tmp_path / "adapter.gguf")
    actual = llama_logits(tmp_path / "base.gguf", run.ids, tmp_path / "adapter.gguf")
    assert agreement(torch_logits(run.merged, run.family, run.ids), actual).correlation >= 0.9999


def test_special_token_ids_are_the_same_everywhere(run: Run) -> None:
    from gguf import GGUFReader

    specials = {text: number for number, text in special_tokens(run.base).items()}
    assert special_tokens(run.merged) == special_tokens(run.base)
    for file in [run.f16, *(quantized.path for quantized in run.quantized.values())]:
        reader = GGUFReader(file)
        assert value_of(reader, "tokenizer.ggml.eos_token_id") == specials[run.family.end_of_turn]
        assert value_of(reader, "tokenizer.chat_template") == run.family.template
        assert value_of(reader, "tokenizer.ggml.add_bos_token") == (run.family.bos is not None)
        if run.family.bos:
            assert value_of(reader, "tokenizer.ggml.bos_token_id") == specials[run.family.bos]


def test_tokenizer_files_travel_untouched(run: Run) -> None:
    names = sorted(path.name for path in run.base.iterdir() if path.suffix != ".safetensors")
    assert "tokenizer.json" in names
    assert filecmp.cmpfiles(run.base, run.merged, names, shallow=False)[0] == names


def test_llama_cpp_tokenizes_like_the_folder(run: Run) -> None:
    from llama_cpp import Llama
    from tokenizers import Tokenizer

    model = Llama(model_path=str(run.f16), vocab_only=True, verbose=False)
    tokenizer = Tokenizer.from_file(str(run.base / "tokenizer.json"))
    for text in ("The goblin's bow  is drawn.\n", f"a{run.family.end_of_turn}\nb", "Über 12 drąke 🐉"):
        expected = tokenizer.encode(text, add_special_tokens=False).ids
        assert model.tokenize(text.encode(), add_bos=False, special=True) == expected


def test_progress_rises_to_one_in_every_stage(run: Run) -> None:
    ends = [at for at, done in enumerate(run.progress) if done == 1.0]
    assert len(ends) >= 2 + len(run.quantized)
    assert all(0 <= done <= 1 for done in run.progress)


def test_config_is_the_bases(run: Run) -> None:
    read = [json.loads((folder / "config.json").read_text()) for folder in (run.base, run.merged)]
    assert read[0] == read[1]
