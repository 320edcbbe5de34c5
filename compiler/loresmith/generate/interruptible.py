"""A model that can be interrupted while it reads a prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llama_cpp import Llama


class Interrupted(Exception):
    """The reading was ended between two batches; what was read is kept."""


class InterruptibleModel(Llama):
    """A model file that looks before each batch whether it is to go on. `is_interrupted` says so; the `settings` are
    those of Llama."""

    def __init__(self, is_interrupted: Callable[[], bool], **settings: Any) -> None:
        self._is_interrupted = is_interrupted
        super().__init__(**settings)

    def eval(self, tokens: Sequence[int]) -> None:
        """Read tokens after those that are held. Raises Interrupted with the batches before it held."""
        # Without tokens Llama still drops what its cache holds too much.
        for begin in range(0, max(1, len(tokens)), self.n_batch):
            if self._is_interrupted():
                raise Interrupted
            super().eval(tokens[begin : begin + self.n_batch])
