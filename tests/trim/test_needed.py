"""Which tokens stay, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import family_named
from loresmith.recipe.schema import VocabularyTrim
from loresmith.trim import needed
from loresmith.trim.english import forms, is_plain, typography, words
from loresmith.trim.folder import choose_tokens
from loresmith.trim.merge_path import MergePaths
from loresmith.trim.needed import Kept, tokenizer_of
from loresmith.trim.table import read_table

from tests.trim.bases import wanted

FEW = {"small": ["dragon", "bridge", "the"], "large": ["innkeeper"]}


@pytest.fixture
def few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Word lists of a few words."""

    def listed(which: str) -> object:
        return iter(FEW[which])

    monkeypatch.setattr(needed, "words", listed)


def chosen(base: tuple[str, Path], **settings: object) -> Kept:
    name, folder = base
    family = family_named(name)
    return choose_tokens(folder, family, wanted(family), VocabularyTrim.model_validate(settings))


def test_every_text_can_still_be_written(base: tuple[str, Path]) -> None:
    kept = chosen(base, trim="corpus")
    table = read_table(base[1])
    assert len(table.bytes) == 256
    assert table.bytes <= set(kept.reasons)
    assert kept.counts["byte"] == 256


def test_the_scenarios_tokens_stay_and_others_go(base: tuple[str, Path]) -> None:
    kept = chosen(base, trim="corpus")
    tokenizer, table = tokenizer_of(base[1]), read_table(base[1])
    for text in wanted(family_named(base[0])).texts:
        assert set(tokenizer.encode(text, add_special_tokens=False).ids) <= set(kept.reasons)
    assert len(kept.reasons) < len(table.pieces)
    assert not set(tokenizer.encode("dragon").ids) <= set(kept.reasons)


def test_what_stays_is_closed_over_merge_paths(base: tuple[str, Path]) -> None:
    kept = chosen(base, trim="corpus")
    assert MergePaths(read_table(base[1])).closed(kept.reasons) == set(kept.reasons)


@pytest.mark.usefixtures("few_words")
def test_english_keeps_words_by_list(base: tuple[str, Path]) -> None:
    kept = chosen(base, trim="english")
    tokenizer = tokenizer_of(base[1])
    for word in ("dragon", " Dragon", "DRAGON", " innkeeper"):
        assert set(tokenizer.encode(word, add_special_tokens=False).ids) <= set(kept.reasons)
    assert kept.counts["word: small list"] > 0
    assert len(kept.reasons) > len(chosen(base, trim="corpus").reasons)


@pytest.mark.usefixtures("few_words")
def test_keep_is_an_upper_bound_and_takes_common_words_first(gemma3: Path) -> None:
    base = ("gemma3", gemma3)
    whole = len(chosen(base, trim="english").reasons)
    kept = chosen(base, trim="english", keep=whole - 1)
    assert len(kept.reasons) < whole
    dragon, innkeeper = (tokenizer_of(gemma3).encode(f" {w}").ids[1:] for w in ("dragon", "innkeeper"))
    assert set(dragon) <= set(kept.reasons)
    assert not set(innkeeper) <= set(kept.reasons)


@pytest.mark.parametrize("trim", ["corpus", "english"])
def test_too_little_room_is_refused(gemma3: Path, trim: str) -> None:
    with pytest.raises(Rejected, match=r"keep is 100, but \d+ tokens must stay \(256 byte, ") as caught:
        chosen(("gemma3", gemma3), trim=trim, keep=100)
    assert caught.value.exit_code == 1
    least = int(caught.value.remedy.split()[3])
    assert least == len(chosen(("gemma3", gemma3), trim=trim, keep=least).reasons)


def test_placeholders_go_and_specials_stay() -> None:
    from loresmith.trim.table import TokenTable

    added = [{"id": n, "content": text} for n, text in enumerate(["<bos>", "<unused7>", "<start_of_image>"])]
    table = TokenTable({"model": {"vocab": {}, "merges": []}, "added_tokens": added})
    assert needed._specials(table, family_named("gemma3")) == [0, 2]
    assert needed._specials(table, family_named("qwen3")) == [0, 1, 2]


def test_a_token_without_a_row_stays_out(gemma3: Path) -> None:
    kept = Kept(MergePaths(read_table(gemma3)), rows=300)
    kept.add([5, 299, 300, 400], "why")
    assert max(kept.reasons) == 299
    assert kept.reasons[5] == kept.reasons[299] == "why"


def test_words_of_wordfreq() -> None:
    assert next(words("small")) == "the"
    assert len(set(words("large"))) > 300_000


def test_a_word_in_every_dress() -> None:
    assert forms("dm's") == [" dm's", "dm's", " Dm's", "Dm's", " DM'S", "DM'S"]
    assert forms("12") == [" 12", "12"]


def test_signs() -> None:
    assert {"'s", "x’s", "é", "…", " —", "🐉", "……", "N'T"} <= set(typography())
    assert is_plain('…" (12%)\n')
    assert not is_plain("a.")
