"""Measures what linear layers are multiplied by: `python -m loresmith.quantize.activations FOLDER SEQUENCES IMPORTANCE
[MOMENTS]`.

transformers reads the sequences in fp32 on the CPU; each linear layer's inputs are squared and summed on the way, for
the importance matrix, and their second moments summed where they are asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from loresmith.base.acquire import read_config
from loresmith.families.export_quirks import has_own_head, unbuilt_tensors
from loresmith.families.family import Family, family_of
from loresmith.families.tensor_names import text_name
from loresmith.merge.shards import weight_names
from loresmith.process.child import say_progress
from loresmith.quantize.moments import Moments
from loresmith.store.files import write_atomically
from loresmith.train.model import load_base

TOKEN_TABLE, HEAD = "token_embd.weight", "output.weight"


class Sums:
    """For each linear layer that GGUF has a tensor of its own for: the summed squares of its inputs (ne0), in fp64,
    and of how many positions."""

    def __init__(
        self, decoder: Any, gguf_name: Callable[[str], str | None], moments: Moments | None = None
    ) -> None:
        self._moments = moments
        self.squares: dict[str, torch.Tensor] = {}
        self.positions: dict[str, int] = {}
        for path, module in decoder.named_modules():
            if isinstance(module, torch.nn.Linear) and (name := gguf_name(path)):
                module.register_forward_pre_hook(self._listener(name))

    def _listener(self, name: str) -> Callable[[torch.nn.Module, tuple[torch.Tensor, ...]], None]:
        def listen(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            self.add(name, inputs[0])
            if self._moments:
                self._moments.add(name, inputs[0])

        return listen

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
    """Read all sequences, write the matrix and the moments."""
    folder, asked, destination, *second = map(Path, sys.argv[1:])
    config, names = read_config(folder), weight_names(folder)
    family = family_of(config["architectures"])
    model = load_base(folder, family, "fp32").eval()
    gguf_name = _gguf_names(family, model.model.config.num_hidden_layers)
    moments = Moments() if second else None
    sums = Sums(model.model, gguf_name, moments)
    head = HEAD if has_own_head(family, names) else TOKEN_TABLE
    _read(model, json.loads(asked.read_text(encoding="utf-8")), sums, head)
    means = sums.means()
    if family.name == "gemma3n":
        means |= _unbuilt_rows(means, unbuilt_tensors(config, names), gguf_name)
    write_atomically(destination, _saved(means))
    if moments:
        del model
        moments.save(second[0])


def _gguf_names(family: Family, layers: int) -> Callable[[str], str | None]:
    """Gives the GGUF name of a module's weight from its path in the decoder; None where the converter stacks it
    (AltUp's)."""
    import gguf

    architecture = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == family.gguf_architecture)
    names = gguf.get_tensor_name_map(architecture, layers)

    def gguf_name(path: str) -> str | None:
        name = names.get_name(f"model.{path}")
        return f"{name}.weight" if name else None

    return gguf_name


def _unbuilt_rows(
    means: dict[str, torch.Tensor], unbuilt: Mapping[str, str], gguf_name: Callable[[str], str | None]
) -> dict[str, torch.Tensor]:
    """Rows for the zeros that the converter adds: those of the layers that they have the shape of."""
    named = {
        _module_name(lacking, gguf_name): _module_name(like, gguf_name) for lacking, like in unbuilt.items()
    }
    return {lacking: means[like].clone() for lacking, like in named.items() if like in means}


def _module_name(weight: str, gguf_name: Callable[[str], str | None]) -> str:
    return gguf_name((text_name(weight) or weight).removesuffix(".weight")) or weight


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
