"""A Hugging Face folder, read token by token like a GGUF file, to compare a GGUF file with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loresmith.base.acquire import read_config
from loresmith.families.family import family_of


class Folder:
    """One folder, loaded by transformers in fp32 on the CPU."""

    def __init__(self, folder: Path) -> None:
        from loresmith.train.model import load_base

        config = read_config(folder)
        self._model: Any = load_base(folder, family_of(config["architectures"]), "fp32").eval()
        self._past: Any = None
        self.vocabulary = int(self._model.config.vocab_size)

    def begin(self) -> None:
        """Forget the sequence read so far."""
        self._past = None

    def read(self, tokens: Sequence[int], start: int, asked: Sequence[int]) -> NDArray[np.float32]:
        """Read `tokens` at positions from `start` on; gives a row of logits for each `asked` position."""
        import torch

        kept = torch.tensor([position - start for position in asked], dtype=torch.long)
        with torch.inference_mode():
            said = self._model(
                input_ids=torch.tensor([list(tokens)]),
                past_key_values=self._past,
                use_cache=True,
                logits_to_keep=kept,
            )
        self._past = said.past_key_values
        return said.logits[0].float().numpy()
