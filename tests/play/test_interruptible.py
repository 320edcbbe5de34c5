"""A prompt whose reading is interrupted: it ends between two batches, and what was read is read no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_cpp import Llama
from loresmith.generate import worker
from loresmith.generate.sampling import GREEDY

from tests.play.chain_model import write_chain_model
from tests.play.test_session import PROMPT, SAID

LONG = "I look. " * 150 + PROMPT


class Asked:
    """A model that is asked in this process; notes what it says, and the tokens of each batch that it reads."""

    def __init__(self, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[dict[str, Any]] = []
        self.batches: list[int] = []
        self.last: int | None = None
        read = Llama.eval

        def noting(model: Llama, tokens: list[int]) -> None:
            read(model, tokens)
            self.batches.append(len(tokens))
            worker._Interrupt.asked = len(self.batches) == self.last

        monkeypatch.setattr(worker._Interrupt, "asked", False)
        monkeypatch.setattr(worker, "_say", self._hear)
        monkeypatch.setattr(Llama, "eval", noting)
        self.model = worker._loaded(str(model), 4096)

    def _hear(self, **event: Any) -> None:
        self.said.append(event)

    def answer(self, prompt: str, *, last: int | None = None) -> str:
        """The answer; it is interrupted during the batch with the number `last`."""
        self.said.clear()
        self.batches.clear()
        self.last, worker._Interrupt.asked = last, False
        worker._answer(self.model, {"prompt": prompt, "seed": 1, **GREEDY.model_dump()})
        return "".join(event.get("text", "") for event in self.said)


def test_the_reading_of_a_prompt_ends_between_two_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(write_chain_model(tmp_path / "chain.gguf"), monkeypatch)
    assert asked.answer(LONG, last=2) == ""
    assert asked.said == [{"end": "interrupted"}]
    assert asked.batches == [worker._BATCH] * 2
    assert asked.model.n_tokens == 2 * worker._BATCH


def test_what_was_read_before_an_interrupt_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(write_chain_model(tmp_path / "chain.gguf"), monkeypatch)
    assert asked.answer(LONG) == SAID
    whole = sum(asked.batches)
    assert asked.answer(f"Another. {LONG}") == SAID
    assert asked.answer(LONG, last=3) == ""
    assert asked.answer(LONG) == SAID
    assert sum(asked.batches) == whole - 3 * worker._BATCH
