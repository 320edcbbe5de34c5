"""A GGUF base model as a Hugging Face folder: weights dequantized to fp32, tokenizer rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def folder_from_gguf(gguf: Path, folder: Path, report: Callable[[float], None]) -> None:
    """Write config.json, model.safetensors (fp32) and the tokenizer files of a GGUF base into `folder`."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(
        str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32
    )
    # The legacy loader dequantizes fully, yet leaves marks that make the model look quantized.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    report(0.6)
    tokenizer: Any = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    report(0.9)
    write_sentencepiece(gguf, folder / "tokenizer.model")


def write_sentencepiece(gguf: Path, destination: Path) -> None:
    """Rebuild the SentencePiece model from a GGUF's tokens, scores and token types.

    GGUF's token types are SentencePiece's own; user-defined tokens hold real spaces in GGUF and
    U+2581 in SentencePiece.
    """
    from gguf import GGUFReader
    from sentencepiece import sentencepiece_model_pb2 as proto

    reader = GGUFReader(gguf)
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    scores = reader.fields["tokenizer.ggml.scores"].contents()
    types = reader.fields["tokenizer.ggml.token_type"].contents()
    model: Any = proto.ModelProto()  # pyright: ignore[reportAttributeAccessIssue]
    for token, score, kind in zip(tokens, scores, types, strict=True):
        piece = token.replace(" ", "▁") if kind == 4 else token
        model.pieces.add(piece=piece, score=score, type=kind)
    model.trainer_spec.model_type = 2  # BPE
    model.trainer_spec.byte_fallback = True
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.name = "identity"
    for name, field in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        key = f"tokenizer.ggml.{field}_token_id"
        if key in reader.fields:
            number = int(reader.fields[key].contents())
            setattr(model.trainer_spec, f"{name}_id", number)
            setattr(model.trainer_spec, f"{name}_piece", tokens[number])
    destination.write_bytes(model.SerializeToString())
