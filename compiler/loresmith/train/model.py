"""The base model with a LoRA adapter, ready to train."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.environment.accelerator import Accelerator
from loresmith.families.family import Family, require_fp16_is_safe
from loresmith.recipe.train import Train
from loresmith.train.adapted_linear import fuse_adapters, lower_frozen_weights
from loresmith.train.attention import use_isolated_attention
from loresmith.train.elementwise import fuse_norms
from loresmith.train.gated_linear import fuse_gates

DTYPES = {"fp32": torch.float32, "bf16-mixed": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""What a model is loaded in for each of the recipe's precisions."""


def load_base(folder: Path, family: Family, precision: str) -> Any:
    """The language model of a base folder, in the precision asked for, its weights frozen."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model = getattr(transformers, family.text_class).from_pretrained(folder, dtype=DTYPES[precision])
    return model.requires_grad_(False)


def add_adapter(model: Any, family: Family, train: Train) -> Any:
    """The model with a fresh LoRA adapter in fp32 on the recipe's target projections; embeddings stay frozen.

    Raises Rejected when no module matches.
    """
    from peft import LoraConfig, get_peft_model

    pattern = family.adapter_pattern(train.targets)
    if not any(re.fullmatch(pattern, name) for name, _ in model.named_modules()):
        raise Rejected("No module of the base model can carry an adapter.")
    torch.manual_seed(train.seed)
    config = LoraConfig(
        r=train.rank,
        lora_alpha=train.alpha,  # pyright: ignore[reportArgumentType]
        lora_dropout=0.0,
        target_modules=pattern,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def prepare_rows(model: Any, family: Family, device: str, precision: str = "fp32") -> None:
    """Let the samples of a row see only themselves, and let the layers' parts compute together where that pays; with
    bf16-mixed the products of frozen weights and of attention are made in bf16.

    Away from the CPU transformers' own kernels do the first, told by positions that begin anew.
    """
    products = torch.bfloat16 if precision == "bf16-mixed" else None
    if device == "cpu":
        use_isolated_attention(model.get_base_model(), products)
        fuse_adapters(model)
        fuse_norms(model, family.norm_offset)
        fuse_gates(model)
    if products:
        lower_frozen_weights(model, products)


def adapter_parameters(model: Any) -> dict[str, torch.nn.Parameter]:
    """The trainable parameters by name, in a stable order."""
    return {n: p for n, p in sorted(model.named_parameters()) if p.requires_grad}


def load_adapter_weights(model: Any, adapter: Path) -> None:
    """Start from the weights of a saved adapter; raises Rejected when its shapes aren't the recipe's."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    state = load_file(adapter / "adapter_model.safetensors")
    try:
        problems = set_peft_model_state_dict(model, state)
    except RuntimeError as error:
        raise Rejected(
            "The last adapter doesn't fit this recipe.", remedy="Set incremental: false."
        ) from error
    if problems.unexpected_keys:
        raise Rejected("The last adapter doesn't fit this recipe.", remedy="Set incremental: false.")


def resolve_precision(asked: str, family: Family, accelerator: Accelerator) -> str:
    """The precision to train in; raises InvalidCall for fp16 on a family whose activations overflow it, and for
    bf16-mixed away from the CPU."""
    if asked == "fp16":
        require_fp16_is_safe(family)
    if asked == "bf16-mixed" and accelerator.kind != "cpu":
        raise InvalidCall(
            f"bf16-mixed is for training on a CPU; this trains on {accelerator.name}.",
            remedy="Set train.precision to auto, bf16 or fp32.",
        )
    return accelerator.precision if asked == "auto" else asked
