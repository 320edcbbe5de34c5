"""Where a weight lies: the names that adapters, checkpoints and multimodal checkpoints give to one module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loresmith.diagnostics.failure import Rejected

_ADAPTER_PREFIX = "base_model.model."
_TEXT_PREFIXES = ("model.language_model.", "language_model.model.", "model.")
"""How checkpoints begin the names of the language model's weights; the longer ones first."""
_TOKEN_TABLES = ("embed_tokens.weight", "embed_tokens_per_layer.weight")


def adapted_module(tensor: str) -> tuple[str, str]:
    """The module path and the factor, "A" or "B", of one tensor of a PEFT adapter.

    Raises Rejected for a tensor that isn't a LoRA factor.
    """
    for factor in ("A", "B"):
        ending = f".lora_{factor}.weight"
        if tensor.endswith(ending):
            return tensor.removeprefix(_ADAPTER_PREFIX).removesuffix(ending), factor
    raise Rejected(
        f"The adapter's tensor {tensor} isn't a LoRA factor and can't be merged.",
        remedy="Train the adapter on the projections alone; embeddings and heads stay frozen.",
    )


def base_tensor(module: str, known: Iterable[str]) -> str | None:
    """The checkpoint's name for the weight of `module`, among its `known` names; None where it has none.

    The adapter is trained on the language model alone (`model.layers…`); a multimodal checkpoint holds the
    same weights under `model.language_model.layers…` or `language_model.model.layers…`.
    """
    names = known if isinstance(known, (set, frozenset, Mapping)) else set(known)
    inner = text_name(module)
    candidates = [f"{prefix}{inner}.weight" for prefix in _TEXT_PREFIXES] if inner else [f"{module}.weight"]
    return next((name for name in candidates if name in names), None)


def is_token_table(name: str) -> bool:
    """Whether a weight has a row for each token: embeddings, Gemma 3n's embeddings per layer, an untied head."""
    return text_name(name) in _TOKEN_TABLES or name.endswith("lm_head.weight")


def text_name(name: str) -> str | None:
    """A weight's name inside the language model, whatever the checkpoint's prefix; None for other weights."""
    for prefix in _TEXT_PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return None
