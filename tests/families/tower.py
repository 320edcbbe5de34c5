"""A made vision tower in the names and shapes of Gemma 3n's MobileNetV5, and ears to drop."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

BLOCKS = "model.vision_tower.timm_model.blocks"
NARROW, WIDE, WIDTH = 10, 20, 256
"""Channels in the tower, in a block, and of what leaves it (the text model's width). Ten divides no side of a
picture in the tower, so that a scale of the wrong shape can't be multiplied by accident."""


def add_towers(folder: Path) -> Path:
    """Make a text folder multimodal: weights under model.language_model, a vision and an audio tower."""
    text = load_file(folder / "model.safetensors")
    tensors = {name.replace("model.", "model.language_model.", 1): t for name, t in text.items()}
    save_file(tensors | _vision() | _audio(), folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["Gemma3nForConditionalGeneration"],
        "model_type": "gemma3n",
        "text_config": json.loads((folder / "config.json").read_text()),
        "vision_config": {"model_type": "gemma3n_vision", "hidden_size": WIDTH},
        "audio_config": {
            "model_type": "gemma3n_audio", "hidden_size": 8, "input_feat_size": 128,
            "conf_num_hidden_layers": 1, "conf_num_attention_heads": 1,
        },
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": {"height": 768, "width": 768}}))
    return folder


def _vision() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    shapes = _stem_and_head() | _edge_block() | _inverted_block(1) | _inverted_block(2) | _attention_block()
    return {
        name: torch.rand(shape) * 0.5 if len(shape) == 1 else _kernel(shape) for name, shape in shapes.items()
    }


def _kernel(shape: tuple[int, ...]) -> torch.Tensor:
    fan_in = torch.tensor(shape[1:]).prod().item()
    return torch.randn(shape) / fan_in**0.5


def _stem_and_head() -> dict[str, tuple[int, ...]]:
    tower, head = "model.vision_tower.timm_model", "model.embed_vision"
    return {
        f"{tower}.conv_stem.conv.weight": (NARROW, 3, 3, 3),
        f"{tower}.conv_stem.conv.bias": (NARROW,),
        f"{tower}.conv_stem.bn.weight": (NARROW,),
        f"{tower}.msfa.ffn.pw_exp.conv.weight": (WIDE, 2 * NARROW, 1, 1),
        f"{tower}.msfa.ffn.pw_exp.bn.weight": (WIDE,),
        f"{tower}.msfa.ffn.pw_proj.conv.weight": (WIDTH, WIDE, 1, 1),
        f"{tower}.msfa.ffn.pw_proj.bn.weight": (WIDTH,),
        f"{tower}.msfa.norm.weight": (WIDTH,),
        f"{head}.embedding.weight": (128, WIDTH),
        f"{head}.hard_embedding_norm.weight": (WIDTH,),
        f"{head}.soft_embedding_norm.weight": (WIDTH,),
        f"{head}.embedding_projection.weight": (WIDTH, WIDTH),
    }


def _edge_block() -> dict[str, tuple[int, ...]]:
    return {
        f"{BLOCKS}.0.0.conv_exp.weight": (WIDE, NARROW, 3, 3),
        f"{BLOCKS}.0.0.bn1.weight": (WIDE,),
        f"{BLOCKS}.0.0.conv_pwl.weight": (NARROW, WIDE, 1, 1),
        f"{BLOCKS}.0.0.bn2.weight": (NARROW,),
    }


def _inverted_block(stage: int) -> dict[str, tuple[int, ...]]:
    block = f"{BLOCKS}.{stage}.0"
    return {
        f"{block}.dw_start.conv.weight": (NARROW, 1, 3, 3),
        f"{block}.dw_start.bn.weight": (NARROW,),
        f"{block}.pw_exp.conv.weight": (WIDE, NARROW, 1, 1),
        f"{block}.pw_exp.bn.weight": (WIDE,),
        f"{block}.dw_mid.conv.weight": (WIDE, 1, 3, 3),
        f"{block}.dw_mid.bn.weight": (WIDE,),
        f"{block}.pw_proj.conv.weight": (NARROW, WIDE, 1, 1),
        f"{block}.pw_proj.bn.weight": (NARROW,),
        f"{block}.layer_scale.gamma": (NARROW,),
    }


def _attention_block() -> dict[str, tuple[int, ...]]:
    """The last stage: a block that halves the picture, then attention."""
    block = f"{BLOCKS}.3.1"
    return _inverted_block(3) | {
        f"{block}.norm.weight": (NARROW,),
        f"{block}.attn.query.proj.weight": (NARROW, NARROW, 1, 1),
        f"{block}.attn.key.proj.weight": (NARROW, NARROW, 1, 1),
        f"{block}.attn.value.proj.weight": (NARROW, NARROW, 1, 1),
        f"{block}.attn.output.proj.weight": (NARROW, NARROW, 1, 1),
        f"{block}.layer_scale.gamma": (NARROW,),
    }


def _audio() -> dict[str, torch.Tensor]:
    """The names on which the converter stumbles."""
    tower = "model.audio_tower"
    return {
        f"{tower}.subsample_conv_projection.conv_0.norm.weight": torch.ones(8),
        f"{tower}.conformer.0.attention.attn.q_proj.weight": torch.ones(8, 8),
        "model.embed_audio.embedding_projection.weight": torch.ones(WIDTH, 8),
    }
