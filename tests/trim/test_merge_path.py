"""Merge paths: a vocabulary that is closed over them takes the same steps, and one that isn't doesn't."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loresmith.trim.merge_path import MergePaths
from loresmith.trim.numbering import numbering_of
from loresmith.trim.table import TokenTable
from loresmith.trim.tokenizer_files import trimmed_content
from tokenizers import Tokenizer

PIECES = ["<0x00>", "a", "b", "c", "ab", "bc", "abc", "▁", "▁a", "▁ab", "cc"]
MERGES = [["b", "c"], ["a", "b"], ["a", "bc"], ["ab", "c"], ["▁", "a"], ["▁", "ab"], ["▁a", "b"], ["c", "c"]]
"""`abc` is made by way of `bc`; `ab` and `c` would give it too, but come later."""


def content(pieces: list[str] = PIECES, merges: list[list[str]] = MERGES) -> dict[str, Any]:
    vocab = {piece: number for number, piece in enumerate(["<unk>", *pieces])}
    model = {
        "type": "BPE", "vocab": vocab, "merges": merges, "unk_token": "<unk>", "byte_fallback": True,
        "fuse_unk": True, "dropout": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
        "ignore_merges": False,
    }  # fmt: skip
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    return {
        "version": "1.0", "model": model, "added_tokens": [], "normalizer": replace, "pre_tokenizer": None,
        "post_processor": None, "decoder": None, "truncation": None, "padding": None,
    }  # fmt: skip


def opened(made: dict[str, Any]) -> Any:
    return Tokenizer.from_str(json.dumps(made))


def tokens(made: dict[str, Any], text: str) -> list[str]:
    return opened(made).encode(text).tokens


def cut(kept: Iterable[str]) -> dict[str, Any]:
    table = TokenTable(content())
    return trimmed_content(table, numbering_of(table.ids[piece] for piece in kept))


@pytest.mark.parametrize(
    ("piece", "path"),
    [
        ("a", {"a"}),
        ("abc", {"a", "b", "c", "bc", "abc"}),
        ("▁ab", {"▁", "a", "b", "ab", "▁ab"}),
        ("<0x00>", {"<0x00>"}),
    ],
)
def test_a_path_is_what_the_tokenizer_passes(piece: str, path: set[str]) -> None:
    table = TokenTable(content())
    assert {table.pieces[n] for n in MergePaths(table).path(table.ids[piece])} == path


def test_without_its_path_a_token_is_not_reached() -> None:
    assert tokens(content(), "abc") == ["abc"]
    assert tokens(cut({"<unk>", "a", "b", "c", "abc"}), "abc") == ["a", "b", "c"]
    assert tokens(cut({"<unk>", "a", "b", "c", "bc", "abc"}), "abc") == ["abc"]


def test_a_token_that_no_merge_reaches_is_its_own_path() -> None:
    table = TokenTable(content([*PIECES, "odd"]))
    number = table.ids["odd"]
    assert MergePaths(table).path(number) == {number}


@given(st.text("abc ", min_size=1, max_size=12), st.text("abc ", max_size=12))
@settings(max_examples=300, deadline=None)
def test_covered_text_is_tokenized_as_before(text: str, other: str) -> None:
    table = TokenTable(content())
    before = opened(content())
    final = {*before.encode(text).ids, *before.encode(other).ids}
    numbering = numbering_of({0} | MergePaths(table).closed(final))
    after = opened(trimmed_content(table, numbering))
    for said in (text, other):
        expected = [numbering.new[number] for number in before.encode(said).ids]
        assert after.encode(said).ids == expected
