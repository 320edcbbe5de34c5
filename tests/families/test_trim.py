"""A trimmed base goes the whole way: trained, merged, exported, quantized and loaded like an untrimmed one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loresmith.families.family import family_named
from loresmith.lower.conversation import Message
from loresmith.merge.check import agreement, compare_logits
from loresmith.recipe.schema import VocabularyTrim
from loresmith.render.prompt import render_prompt
from loresmith.trim.fidelity import fidelity
from loresmith.trim.folder import Trimmed, choose_tokens, write_trimmed
from loresmith.trim.needed import Wanted
from loresmith.trim.proof import require_same_reading
from runs import Run, llama_logits, run_from, torch_logits
from tiny import TEXT, make_folder

FAMILIES = ["gemma3", "qwen3", pytest.param("gemma3n", marks=pytest.mark.slow)]
CHANGES = {"gemma3n": {"vocab_size_per_layer_input": 500}}
"""The published Gemma 3n has fewer rows in its embeddings per layer than in its embeddings."""


@pytest.fixture(scope="module", params=FAMILIES)
def cut(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Trimmed, Run]:
    """The untrimmed base, what was made of it, and the run of the back end from there."""
    family = family_named(request.param)
    folder = tmp_path_factory.mktemp(f"trim-{family.name}")
    whole = make_folder(family.name, folder / "whole", **CHANGES.get(family.name, {}))
    wanted = Wanted((said(family.name),), (), ("roll",))
    kept = choose_tokens(whole, family, wanted, VocabularyTrim(trim="corpus"))
    made = write_trimmed(whole, folder / "base", family, kept, lambda _: None)
    return whole, made, run_from(family, folder / "base", folder, ("q8_0", "q4_k_m"))


def said(family: str) -> str:
    """What the trimmed vocabulary must say: half of what the tokenizer was made of."""
    messages = [Message(role="user", content=TEXT[0]), Message(role="assistant", content=TEXT[1])]
    return render_prompt(family_named(family), messages, reply_next=False)


def test_it_is_smaller_and_says_the_same(cut: tuple[Path, Trimmed, Run]) -> None:
    whole, made, run = cut
    config = json.loads((run.base / "config.json").read_text())
    assert config["vocab_size"] == len(made.numbering.kept) < 512
    if run.family.name == "gemma3n":
        assert config["vocab_size_per_layer_input"] == made.numbering.below(500) > 0
    text = said(run.family.name)
    assert require_same_reading(whole, run.base, made, [text])["tokens"] > 20
    assert fidelity(whole, run.base, run.family, made.numbering, [text]).max_logit_difference < 1e-4


def test_the_merged_folder_says_what_base_and_adapter_say(cut: tuple[Path, Trimmed, Run]) -> None:
    run = cut[2]
    assert compare_logits(run.base, run.adapter, run.merged, run.ids).correlation > 0.999999


def test_the_files_say_what_the_merged_folder_says(cut: tuple[Path, Trimmed, Run]) -> None:
    _, made, run = cut
    expected = torch_logits(run.merged, run.family, run.ids)
    assert expected.shape[1] == len(made.numbering.kept)
    assert agreement(expected, llama_logits(run.f16, run.ids)).correlation >= 0.9999
    least = {"q8_0": 0.995, "q4_k_m": 0.9}
    for kind, file in run.quantized.items():
        assert agreement(expected, llama_logits(file.path, run.ids)).correlation > least[kind]


def test_the_files_read_text_like_the_folder(cut: tuple[Path, Trimmed, Run]) -> None:
    from llama_cpp import Llama
    from tokenizers import Tokenizer

    run = cut[2]
    model = Llama(model_path=str(run.quantized["q8_0"].path), vocab_only=True, verbose=False)
    tokenizer = Tokenizer.from_file(str(run.base / "tokenizer.json"))
    for text in (said(run.family.name), TEXT[3], "Über 12 drąke 🐉\n\n"):
        expected = tokenizer.encode(text, add_special_tokens=False).ids
        assert model.tokenize(text.encode(), add_bos=False, special=True) == expected
    assert model.token_eos() == tokenizer.token_to_id(run.family.end_of_turn)
