"""Measures an importance matrix: `python -m loresmith.quantize.activations FOLDER SEQUENCES DESTINATION`.

transformers reads the sequences in fp32 on the CPU; each linear layer's inputs are squared and summed on the way.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from loresmith.base.acquire import read_config
from loresmith.families.family import Family, family_of
from loresmith.process.child import say_progress
from loresmith.store.files import write_atomically
from loresmith.train.model import load_base

TOKEN_TABLE, HEAD = "token_embd.weight", "output.weight"


class Sums:
    """For each of a model's linear layers, by its GGUF name: the summed squares of its inputs (ne0), in fp64, and of
    how many positions."""

    def __init__(self, model: Any, family: Family) -> None:
        self.squares: dict[str, torch.Tensor] = {}
        self.positions: dict[str, int] = {}
        for module, name in _named_layers(model.model, family):
            module.register_forward_pre_hook(self._listener(name))

    def _listener(self, name: str) -> Any:
        return lambda _module, inputs: self.add(name, inputs[0])

    def add(self, name: str, inputs: torch.Tensor) -> None:
        """Count `inputs` (…, ne0) of the layer `name`."""
        rows = inputs.flatten(end_dim=-2)
        total = rows.double().square().sum(dim=0)
        self.squares[name] = self.squares[name] + total if name in self.squares else total
        self.positions[name] = self.positions.get(name, 0) + rows.shape[0]

    def means(self) -> dict[str, torch.Tensor]:
        """The mean squares in fp32."""
        return {name: (total / self.positions[name]).float() for name, total in sorted(self.squares.items())}


def main() -> None:
    """Read all sequences, write the matrix."""
    folder, asked, destination = map(Path, sys.argv[1:])
    family = family_of(read_config(folder)["architectures"])
    model = load_base(folder, family, "fp32").eval()
    sums = Sums(model, family)
    tied = model.config.get_text_config().tie_word_embeddings
    _read(model, json.loads(asked.read_text(encoding="utf-8")), sums, TOKEN_TABLE if tied else HEAD)
    write_atomically(destination, _saved(sums.means()))


def _named_layers(decoder: Any, family: Family) -> list[tuple[Any, str]]:
    """The linear layers that GGUF has a tensor of its own for; the others (AltUp's) aren't quantized."""
    import gguf

    architecture = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == family.gguf_architecture)
    names = gguf.get_tensor_name_map(architecture, decoder.config.num_hidden_layers)
    modules = [
        (path, module) for path, module in decoder.named_modules() if isinstance(module, torch.nn.Linear)
    ]
    named = [(module, names.get_name(f"model.{path}")) for path, module in modules]
    return [(module, f"{name}.weight") for module, name in named if name]


def _read(model: Any, sequences: Sequence[Sequence[int]], sums: Sums, head: str) -> None:
    """Read all; the head's inputs are the hidden states, so its products aren't made."""
    with torch.inference_mode():
        for number, sequence in enumerate(sequences):
            states = model.model(input_ids=torch.tensor([list(sequence)]), use_cache=False)
            sums.add(head, states.last_hidden_state)
            say_progress((number + 1) / len(sequences))


def _saved(means: dict[str, torch.Tensor]) -> bytes:
    from safetensors.torch import save

    return save(means)


if __name__ == "__main__":
    main()
