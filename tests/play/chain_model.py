"""A tiny true GGUF model that says the same thing whenever it is asked: each token has one that follows it.

Its layer adds nothing, so the last token's embedding, one-hot, meets an output matrix that names the next token.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFWriter, TokenType
from loresmith.families.family import family_named

WIDTH = 320
HEADS, HEAD_WIDTH, INNER = 1, 32, 32
SPECIALS = ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>")
CALLING = ("You", "▁look", "▁round.", "▁[roll", ":▁", "perception", "]")
"""What the model of most tests says, in its tokens: `You look round. [roll: perception]`."""


def write_chain_model(
    file: Path,
    pieces: Sequence[str] = CALLING,
    *,
    endless: bool = False,
    architecture: str = "gemma3",
    template: str | None = "gemma3",
) -> Path:
    """A model that answers every prompt with `pieces`, and then ends its turn or, `endless`, begins again.

    `template` names the family whose chat template it carries; another text is the template itself.
    """
    tokens = [*SPECIALS, *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += [piece for piece in pieces if piece not in tokens]
    writer = GGUFWriter(file, architecture)
    _write_shape(writer)
    _write_tokens(writer, tokens)
    if template is not None:
        writer.add_chat_template(family_named(template).template if template == "gemma3" else template)
    _write_weights(writer, len(tokens), _following(tokens, pieces, endless=endless))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _following(tokens: list[str], pieces: Sequence[str], *, endless: bool) -> dict[int, int]:
    """Which token follows which: a prompt ends with a line break."""
    numbers = [tokens.index(piece) for piece in pieces]
    last = numbers[0] if endless else tokens.index("<end_of_turn>")
    return dict(zip((tokens.index("<0x0A>"), *numbers), (*numbers, last), strict=True))


def _write_shape(writer: GGUFWriter) -> None:
    writer.add_context_length(65536)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_key_length(HEAD_WIDTH)
    writer.add_value_length(HEAD_WIDTH)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_sliding_window(512)


def _write_tokens(writer: GGUFWriter, tokens: list[str]) -> None:
    types = [TokenType.CONTROL] * len(SPECIALS) + [TokenType.BYTE] * 256
    types += [TokenType.NORMAL] * (len(tokens) - len(types))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_bos_token_id(SPECIALS.index("<bos>"))
    writer.add_eos_token_id(SPECIALS.index("<end_of_turn>"))
    writer.add_unk_token_id(SPECIALS.index("<unk>"))
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)


def _write_weights(writer: GGUFWriter, count: int, following: dict[int, int]) -> None:
    output: Any = np.zeros((count, WIDTH), dtype=np.float32)
    for token, after in following.items():
        output[after, token] = 1.0
    wide = HEADS * HEAD_WIDTH
    tensors: dict[str, Any] = {
        "token_embd.weight": np.eye(count, WIDTH, dtype=np.float32),
        "output_norm.weight": np.ones(WIDTH, dtype=np.float32),
    }
    shapes = {
        "attn_q": (wide, WIDTH), "attn_k": (wide, WIDTH), "attn_v": (wide, WIDTH), "attn_output": (WIDTH, wide),
        "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER),
    }  # fmt: skip
    tensors |= {f"blk.0.{name}.weight": np.zeros(shape, dtype=np.float32) for name, shape in shapes.items()}
    norms = {"attn_norm": WIDTH, "post_attention_norm": WIDTH, "ffn_norm": WIDTH, "post_ffw_norm": WIDTH}
    if writer.arch == "gemma3":
        tensors["output.weight"] = output
        norms |= {"attn_q_norm": HEAD_WIDTH, "attn_k_norm": HEAD_WIDTH}
    tensors |= {f"blk.0.{name}.weight": np.ones(size, dtype=np.float32) for name, size in norms.items()}
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
