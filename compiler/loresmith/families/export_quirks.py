"""What the GGUF converter and llama.cpp need of each family beyond what a checkpoint says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loresmith.families.family import Family
from loresmith.families.tensor_names import text_name

_UNBUILT = ("k_proj", "v_proj", "k_norm")
_STACKED = ("altup_projections.", "altup_unembed_projections.")
_STACK_HEIGHT = 3

PRE_TOKENIZERS = {"qwen3": "qwen2"}
"""GGUF's name of a byte-level BPE family's pre-tokenizer. The converter guesses it from a hash over token
ids, which a trimmed vocabulary changes."""


def unbuilt_tensors(config: Mapping[str, Any], names: Collection[str]) -> dict[str, str]:
    """Weights that llama.cpp wants and the checkpoint lacks -> a weight of the same shape that it has.

    The last `num_kv_shared_layers` layers of Gemma 3n reuse the keys and values of earlier ones. Published
    checkpoints carry their unused projections all the same; transformers 5 neither builds nor saves them.
    llama.cpp asks for them and never reads them, so zeros do.
    """
    text = config.get("text_config", config)
    shared, layers = text.get("num_kv_shared_layers") or 0, text["num_hidden_layers"]
    present = {text_name(name): name for name in names}
    lacking: dict[str, str] = {}
    for layer in range(layers - shared, layers):
        for part in _UNBUILT:
            inner = f"layers.{layer}.self_attn.{part}.weight"
            if inner not in present:
                like = present[f"layers.0.self_attn.{part}.weight"]
                lacking[like.replace("layers.0.", f"layers.{layer}.")] = like
    return lacking


def gguf_tensor_count(family: Family, config: Mapping[str, Any], names: Collection[str]) -> int:
    """How many tensors the text model's GGUF must have, from a checkpoint's tensor names.

    One for one, but: towers and a head tied to the embeddings stay out, Gemma 3n's AltUp projections are
    stacked in threes, and its unbuilt keys and values are added.
    """
    inner = [text for name in names if (text := text_name(name)) and _is_text(name)]
    stacked = [name for name in inner if name.startswith(_STACKED)]
    lacking = len(unbuilt_tensors(config, names)) if family.name == "gemma3n" else 0
    head = has_own_head(family, names)
    return len(inner) - len(stacked) + len(stacked) // _STACK_HEIGHT + lacking + head


def has_own_head(family: Family, names: Collection[str]) -> bool:
    """Whether the GGUF gets an `output.weight` beside its token table: where the checkpoint has a head, whatever its
    config says of ties; the converter leaves Gemma's out."""
    return any(name.endswith("lm_head.weight") for name in names) and family.template_name != "gemma"


def _is_text(name: str) -> bool:
    return not any(tower in name for tower in ("vision_", "audio_", "embed_vision", "embed_audio"))


def is_audio(name: str) -> bool:
    """Whether a weight belongs to Gemma 3n's ears, which llama.cpp's runtime doesn't use."""
    return "audio" in name
