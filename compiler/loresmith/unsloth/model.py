"""The base model with a LoRA adapter as unsloth makes it. Runs in unsloth's environment."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import PROJECTIONS, Family
from loresmith.recipe.train import Train
from loresmith.train.model import DTYPES, adapter_parameters
from loresmith.unsloth.place import Place

_TEXT_MODULE = re.compile(r"base_model\.model\.model\.layers\.\d+\.")
"""How the adapter's names begin when the language model is loaded alone, as it must be to be merged."""


def unsloth_model(base: Path, family: Family, train: Train, precision: str, place: Place) -> Any:
    """The language model of a base folder in unsloth's form, with a fresh adapter on the recipe's projections.

    Raises Rejected when unsloth loads, or adapts, anything else.
    """
    # It changes transformers and peft as they are loaded, so it comes before them.
    loader: Any = import_module("unsloth").FastLanguageModel
    # Only the CUDA loader has the option; the other one always loads the class that config.json names.
    text_only = {"text_only": True} if place == "cuda" and family.has_vision else {}
    model, _ = loader.from_pretrained(
        str(base),
        max_seq_length=train.context,
        dtype=DTYPES[precision],
        load_in_4bit=False,
        local_files_only=True,
        **text_only,
    )
    recomputing = False if train.activation_checkpointing == "never" else "unsloth"
    model = loader.get_peft_model(
        model,
        r=train.rank,
        lora_alpha=train.alpha,
        lora_dropout=0.0,
        bias="none",
        target_modules=list(train.targets or PROJECTIONS),
        use_gradient_checkpointing=recomputing,
        random_state=train.seed,
        max_seq_length=train.context,
    )
    _require_text_adapter(model, family, train)
    return _in_fp32(model)


def _require_text_adapter(model: Any, family: Family, train: Train) -> None:
    pattern = family.adapter_pattern(train.targets)
    for name in adapter_parameters(model):
        module = name.partition(".lora_")[0]
        if not _TEXT_MODULE.match(name) or not re.fullmatch(pattern, module):
            raise Rejected(
                f"unsloth trains {module}, which isn't one of the language model's projections.",
                remedy="Set train.engine: torch.",
            )


def _in_fp32(model: Any) -> Any:
    """The adapter's weights in fp32, whatever the base is in."""
    for parameter in adapter_parameters(model).values():
        parameter.data = parameter.data.to(torch.float32)
    return model
