"""The tokenizer of a trimmed base: the same steps over fewer tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loresmith.store.files import write_atomically
from loresmith.trim.numbering import Numbering
from loresmith.trim.table import TokenTable, pair_of

HOLDS_IDS = frozenset(("tokenizer.json", "tokenizer.model", "vocab.json", "added_tokens.json", "merges.txt"))
"""Files of ids or merges. The last three say again what tokenizer.json says, and stay behind."""


def write_tokenizer(source: Path, table: TokenTable, numbering: Numbering, destination: Path) -> None:
    """Write tokenizer.json and, where the base has one, tokenizer.model for the tokens that stay."""
    content = json.dumps(trimmed_content(table, numbering), ensure_ascii=False, separators=(",", ":"))
    write_atomically(destination / "tokenizer.json", content)
    if (source / "tokenizer.model").exists():
        _write_sentencepiece(source / "tokenizer.model", numbering, destination / "tokenizer.model")


def trimmed_content(table: TokenTable, numbering: Numbering) -> dict[str, Any]:
    """The tokenizer.json of the tokens that stay: merges filtered in their order, ids renumbered."""
    model, new = table.content["model"], numbering.new
    vocab = {piece: new[number] for piece, number in model["vocab"].items() if number in new}
    added = [
        entry | {"id": new[int(entry["id"])]}
        for entry in table.content.get("added_tokens", [])
        if int(entry["id"]) in new
    ]
    merges = [merge for merge in model["merges"] if _stays(pair_of(merge), vocab)]
    return table.content | {
        "model": model | {"vocab": dict(sorted(vocab.items(), key=lambda item: item[1])), "merges": merges},
        "added_tokens": added,
        "post_processor": _renumbered(table.content.get("post_processor"), new),
        "padding": _padding(table.content.get("padding"), new),
    }


def _stays(pair: tuple[str, str], vocab: dict[str, int]) -> bool:
    left, right = pair
    return left in vocab and right in vocab and left + right in vocab


def _renumbered(processor: Any, new: dict[int, int]) -> Any:
    """A post-processor whose special tokens have their new ids."""
    if isinstance(processor, list):
        return [_renumbered(part, new) for part in processor]
    if not isinstance(processor, dict):
        return processor
    return {
        key: [new[number] for number in value] if key == "ids" else _renumbered(value, new)
        for key, value in processor.items()
    }


def _padding(padding: dict[str, Any] | None, new: dict[int, int]) -> dict[str, Any] | None:
    return padding and padding | {"pad_id": new[padding["pad_id"]]}


def _write_sentencepiece(source: Path, numbering: Numbering, destination: Path) -> None:
    """The pieces that stay, with their scores and types: SentencePiece merges by score, best first."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    model: Any = proto.ModelProto()  # pyright: ignore[reportAttributeAccessIssue]
    model.ParseFromString(source.read_bytes())
    kept = [model.pieces[number] for number in numbering.kept if number < len(model.pieces)]
    del model.pieces[:]
    model.pieces.extend(kept)
    model.trainer_spec.vocab_size = len(kept)
    for name in ("unk_id", "bos_id", "eos_id", "pad_id"):
        old = getattr(model.trainer_spec, name)
        setattr(model.trainer_spec, name, numbering.new.get(old, -1))
    write_atomically(destination, model.SerializeToString())
