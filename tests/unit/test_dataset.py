"""What comes into a dataset."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.dataset.build import build_dataset, read_samples
from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import family_named

from tests.unit.samples import byte_tokenizer, conversation


def test_a_copy_longer_than_the_context_is_left_out_and_a_written_one_is_an_error(tmp_path: Path) -> None:
    tokens = byte_tokenizer(tmp_path / "base", family_named("gemma3"))
    written = [conversation("train", "one"), conversation("eval", "two")]
    fits = max(len(tokens.prompt_ids(one)) for one in written)
    copy = conversation("train", "one-and-longer~1")
    last = copy.messages[-1].model_copy(update={"content": "A key. " * 9})
    longer = copy.model_copy(update={"messages": (*copy.messages[:-1], last)})
    assert build_dataset([*written, longer], tokens, fits, tmp_path)["train_scenarios"] == 1
    assert [sample.id for sample in read_samples(tmp_path, "train")] == ["one"]
    with pytest.raises(Rejected, match="1 of 3 scenarios are longer"):
        build_dataset([*written, longer.model_copy(update={"id": "mine"})], tokens, fits, tmp_path)
