"""Tiny random models of the true architectures, with real tokenizers: what the back end is proven on.

Sizes are llama.cpp's: rows divide into blocks of 256, and Gemma 3n has the dimensions that its source fixes.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import torch
from loresmith.base.tokenizer_files import write_tokenizer_config
from loresmith.families.family import family_named

TEXT = [
    "The dragon coils around the bridge and asks for a name.",
    "Roll for initiative! The goblin steps out of the tall grass; its bow is drawn.",
    "You find a door of black iron, a lever, and the smell of old rain.",
    "The innkeeper laughs: twelve copper for the soup, three more for the story.",
]
VOCABULARY = 512
GEMMA_SPECIALS = ["<start_of_turn>", "<end_of_turn>"]
CHATML_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def make_folder(family: str, folder: Path, **changes: Any) -> Path:
    """A Hugging Face folder of a random model of `family` in fp32, its tokenizer and its chat template."""
    torch.manual_seed(11)
    folder.mkdir(parents=True)
    model = _MODELS[family](**changes)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            _spread(name, parameter, settle=family == "gemma3n")
    model.save_pretrained(folder)
    (_write_chatml_tokenizer if family == "qwen3" else write_gemma_tokenizer)(folder)
    write_tokenizer_config(folder, family_named(family))
    return folder


def _spread(name: str, parameter: torch.nn.Parameter, *, settle: bool) -> None:
    """Random norms and weights large enough that every part of the network moves the logits.

    `settle` damps what each layer adds: over twenty random layers with Gemma 3n's sparse activations the
    rounding of weights to f16 alone would otherwise change the logits (correlation 0.976 within torch).
    """
    if "norm" in name or parameter.dim() == 1:
        parameter.add_(torch.randn_like(parameter) * 0.1)
        if settle and "post_" in name:
            parameter.mul_(0.3)
    elif "embed" not in name:
        parameter.mul_(2.0)


def _gemma3(**changes: Any) -> Any:
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    settings: dict[str, Any] = {
        "vocab_size": VOCABULARY, "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 6,
        "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 64, "query_pre_attn_scalar": 64,
        "sliding_window": 16, "max_position_embeddings": 512,
    }  # fmt: skip
    return Gemma3ForCausalLM(Gemma3TextConfig(**settings | changes))


def _gemma3n(**changes: Any) -> Any:
    from transformers import Gemma3nForCausalLM, Gemma3nTextConfig

    settings: dict[str, Any] = {
        "vocab_size": VOCABULARY, "vocab_size_per_layer_input": VOCABULARY, "hidden_size": 256,
        "intermediate_size": 512, "num_hidden_layers": 5, "num_kv_shared_layers": 0,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64, "laurel_rank": 64,
        "hidden_size_per_layer_input": 256, "altup_num_inputs": 4, "sliding_window": 16,
        "max_position_embeddings": 512,
    }  # fmt: skip
    settings |= changes
    layers = settings["num_hidden_layers"]
    # llama.cpp makes the first ten layers sparse, whatever the file says.
    settings["activation_sparsity_pattern"] = [0.95 if layer < 10 else 0.0 for layer in range(layers)]
    return Gemma3nForCausalLM(Gemma3nTextConfig(**settings))


def _qwen3(**changes: Any) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    settings: dict[str, Any] = {
        "vocab_size": VOCABULARY, "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 128, "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    }  # fmt: skip
    return Qwen3ForCausalLM(Qwen3Config(**settings | changes))


_MODELS = {"gemma3": _gemma3, "gemma3n": _gemma3n, "qwen3": _qwen3}


def write_gemma_tokenizer(folder: Path) -> None:
    """A SentencePiece BPE vocabulary in Gemma's layout, as tokenizer.model and as tokenizer.json."""
    from sentencepiece import SentencePieceTrainer
    from sentencepiece import sentencepiece_model_pb2 as proto

    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT * 8), model_writer=written, model_type="bpe", vocab_size=VOCABULARY,
        hard_vocab_limit=True, pad_id=0, eos_id=1, bos_id=2, unk_id=3, byte_fallback=True,
        add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
        bos_piece="<bos>", eos_piece="<eos>", control_symbols=GEMMA_SPECIALS, minloglevel=2,
    )  # fmt: skip
    (folder / "tokenizer.model").write_bytes(written.getvalue())
    model: Any = proto.ModelProto()  # pyright: ignore[reportAttributeAccessIssue]
    model.ParseFromString(written.getvalue())
    pieces = [(piece.piece, piece.score) for piece in model.pieces]
    _save_gemma_json(pieces, folder / "tokenizer.json")


def _save_gemma_json(pieces: list[tuple[str, float]], destination: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import BPE

    vocabulary = {piece: number for number, (piece, _) in enumerate(pieces)}
    bpe = BPE(vocabulary, _merges(pieces), unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Replace(" ", "▁")  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.decoder = decoders.Sequence(  # pyright: ignore[reportAttributeAccessIssue]
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(  # pyright: ignore[reportAttributeAccessIssue]
        single="<bos> $A", special_tokens=[("<bos>", vocabulary["<bos>"])]
    )
    specials = ["<pad>", "<eos>", "<bos>", "<unk>", *GEMMA_SPECIALS]
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in specials])
    tokenizer.save(str(destination))


def _merges(pieces: list[tuple[str, float]]) -> list[tuple[str, str]]:
    """SentencePiece's BPE as a list of merges: every split of a piece into two pieces, best score first."""
    numbers = {piece: number for number, (piece, _) in enumerate(pieces)}
    merges: list[tuple[float, int, int, str, str]] = []
    for piece, score in pieces:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in numbers and right in numbers:
                merges.append((-score, numbers[left], numbers[right], left, right))
    return [(left, right) for *_, left, right in sorted(merges)]


def _write_chatml_tokenizer(folder: Path) -> None:
    """A byte-level BPE vocabulary with Qwen's pre-tokenizer."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, trainers
    from tokenizers.models import BPE

    tokenizer = Tokenizer(BPE())
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        r"|\s+(?!\S)|\s+"
    )
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.normalizer = normalizers.NFC()  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(TEXT * 8, trainer)
    tokenizer.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in CHATML_SPECIALS]
    )
    tokenizer.save(str(folder / "tokenizer.json"))


def rename_tensors(folder: Path, old: str, new: str) -> None:
    """Give the weights another prefix, as multimodal checkpoints do."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    renamed = {name.replace(old, new, 1): tensor for name, tensor in load_file(path).items()}
    save_file(renamed, path, metadata={"format": "pt"})


def edit_json(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | changes), encoding="utf-8")
