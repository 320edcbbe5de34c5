"""One renderer: prompts, loss spans, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.dataset.build import build_dataset, limited, read_samples
from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import FAMILIES, Family, family_named
from loresmith.lower.conversation import Message
from loresmith.render.prompt import render_prompt

from tests.unit.samples import byte_tokenizer, conversation

GEMMA = (
    "<bos><start_of_turn>user\nYou are the DM.\n\nI look.<end_of_turn>\n"
    "<start_of_turn>model\nYou look. [roll: perception]<end_of_turn>\n"
    "<start_of_turn>user\n<TOOLCALL>perception: 9 + 5(skill) = *14*</TOOLCALL><end_of_turn>\n"
    "<start_of_turn>model\nA key.<end_of_turn>\n"
)
QWEN = (
    "<|im_start|>system\nYou are the DM.<|im_end|>\n<|im_start|>user\nI look.<|im_end|>\n"
    "<|im_start|>assistant\nYou look. [roll: perception]<|im_end|>\n"
    "<|im_start|>user\n<TOOLCALL>perception: 9 + 5(skill) = *14*</TOOLCALL><|im_end|>\n"
    "<|im_start|>assistant\nA key.<|im_end|>\n"
)


def test_gemma_merges_the_system_text_into_the_first_user_message() -> None:
    assert render_prompt(family_named("gemma3"), conversation().messages, reply_next=False) == GEMMA


def test_qwen_keeps_the_system_message() -> None:
    assert render_prompt(family_named("qwen3"), conversation().messages, reply_next=False) == QWEN


def test_prompt_ends_where_the_answer_begins() -> None:
    prompt = render_prompt(family_named("gemma3"), conversation().messages[:2], reply_next=True)
    assert prompt.endswith("<end_of_turn>\n<start_of_turn>model\n")
    assert prompt.count("<bos>") == 1


def test_gemma_refuses_two_messages_of_one_role() -> None:
    twice = [Message(role="user", content="a"), Message(role="user", content="b")]
    with pytest.raises(ValueError, match="alternate"):
        render_prompt(family_named("gemma3"), twice, reply_next=True)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_supervised_tokens_decode_to_the_replies_and_their_ends(family: Family, tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path, family)
    sample = tokens.sample(conversation())
    said = [tokens.decode(list(sample.ids[start:end])) for start, end in sample.spans]
    end = family.end_of_turn
    assert said == [f"You look. [roll: perception]{end}", f"A key.{end}"]
    assert all(sample.ids[end - 1] == tokens.end_of_turn for _, end in sample.spans)
    assert sample.supervised == sum(end - start for start, end in sample.spans)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_deeds_are_the_calls_and_the_ends(family: Family, tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path, family)
    sample = tokens.sample(conversation())
    said = [tokens.decode(list(sample.ids[start:end])) for start, end in sample.deeds]
    assert said == ["[roll: perception]", family.end_of_turn, family.end_of_turn]
    supervised = {place for start, end in sample.spans for place in range(start, end)}
    assert all(place in supervised for start, end in sample.deeds for place in range(start, end))


def test_no_result_and_no_player_text_is_supervised(tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path, family_named("gemma3"))
    sample = tokens.sample(conversation())
    inside = {i for start, end in sample.spans for i in range(start, end)}
    rest = tokens.decode([token for i, token in enumerate(sample.ids) if i not in inside])
    assert "<TOOLCALL>perception: 9 + 5(skill) = *14*</TOOLCALL>" in rest
    assert "I look." in rest
    assert "A key." not in rest


def test_a_tokenizer_without_end_of_turn_is_refused(tmp_path: Path) -> None:
    byte_tokenizer(tmp_path, family_named("gemma3"))
    odd = family_named("gemma3").model_copy(update={"end_of_turn": "<fin>"})
    with pytest.raises(Rejected, match="<fin>"):
        byte_tokenizer(tmp_path, odd)


def test_a_scenario_without_a_reply_is_refused(tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path, family_named("gemma3"))
    silent = conversation().model_copy(update={"messages": conversation().messages[:2]})
    with pytest.raises(Rejected, match="no DM reply") as caught:
        tokens.sample(silent)
    assert caught.value.where == "one.md"


def test_dataset_keeps_splits_apart_and_counts(tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path, family_named("gemma3"))
    facts = build_dataset([conversation(), conversation("eval", "two")], tokens, 2048, tmp_path)
    assert facts["train_scenarios"] == facts["eval_scenarios"] == 1
    assert facts["test_scenarios"] == 0
    assert [sample.id for sample in read_samples(tmp_path, "eval")] == ["two"]


def test_a_long_scenario_is_an_error_with_its_count(tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path, family_named("gemma3"))
    length = len(tokens.sample(conversation()).ids)
    with pytest.raises(Rejected, match="longer") as caught:
        build_dataset([conversation(), conversation("eval", "two")], tokens, length - 1, tmp_path)
    assert f"one.md:1:1: SC504 error: {length} tokens, the context holds {length - 1}" in caught.value.excerpt
    build_dataset([conversation(), conversation("eval", "two")], tokens, length, tmp_path)


def test_an_empty_eval_split_is_an_error(tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path, family_named("gemma3"))
    with pytest.raises(Rejected, match="eval split"):
        build_dataset([conversation()], tokens, 2048, tmp_path)


def test_limit_takes_the_same_scenarios_of_each_split_when_others_come() -> None:
    few = [conversation(split, f"{split}{n}") for split in ("train", "eval") for n in range(5)]
    chosen = limited(few, 2)
    assert [c.split for c in chosen] == ["train", "train", "eval", "eval"]
    assert limited(few, None) == few


def test_a_limit_counts_written_scenarios_and_their_copies_come_along() -> None:
    written = [conversation("train", f"train{n}") for n in range(5)]
    copies = [conversation("train", f"train{n}~{k}") for n in range(5) for k in (1, 2)]
    chosen = [c.id for c in limited([*written, *copies], 2)]
    parents = [name for name in chosen if "~" not in name]
    assert len(parents) == 2
    assert chosen == [*parents, *(f"{parent}~{k}" for parent in parents for k in (1, 2))]
