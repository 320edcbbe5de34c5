"""What a model file must say of itself, checked against the folder it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loresmith.base.acquire import read_config
from loresmith.diagnostics.failure import Rejected
from loresmith.families.export_quirks import gguf_tensor_count
from loresmith.families.family import Family, family_of
from loresmith.merge.shards import weight_names

CONTROL = 3
"""llama.cpp's token type of special tokens: matched whole, and never shown."""


def verify_model(file: Path, folder: Path) -> None:
    """Raise Rejected, naming every difference, when the GGUF `file` isn't what `folder` says.

    Checked: architecture, chat template, the ids of BOS and of the end of a turn, whether BOS is added,
    the number of tensors, and that every special token is a control token.
    """
    from gguf import GGUFReader

    reader = GGUFReader(file)
    config = read_config(folder)
    family = family_of(config.get("architectures") or [])
    differences = [*_metadata(reader, folder, family), *_tensors(reader, folder, family, config)]
    if differences:
        raise Rejected(
            f"The exported model file isn't what the model's folder says: {'; '.join(differences)}.",
            where=str(folder),
            remedy="Fetch the base model again; if it stays so, report it with your recipe.",
        )


def special_tokens(folder: Path) -> dict[int, str]:
    """Id -> text of the special tokens in a folder's tokenizer_config.json."""
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    added = config.get("added_tokens_decoder", {})
    return {int(number): entry["content"] for number, entry in added.items() if entry.get("special")}


def _metadata(reader: Any, folder: Path, family: Family) -> Iterator[str]:
    specials = special_tokens(folder)
    ids = {text: number for number, text in specials.items()}
    wanted = {
        "general.architecture": family.gguf_architecture,
        "tokenizer.chat_template": family.template,
        "tokenizer.ggml.eos_token_id": ids.get(family.end_of_turn),
        "tokenizer.ggml.add_bos_token": family.bos is not None,
    }
    if family.bos:
        wanted["tokenizer.ggml.bos_token_id"] = ids.get(family.bos)
    for key, expected in wanted.items():
        actual = value_of(reader, key)
        if expected is None or actual != expected:
            yield f"{key} is {_short(actual)} and should be {_short(expected)}"
    types = value_of(reader, "tokenizer.ggml.token_type")
    loose = [text for number, text in specials.items() if number < len(types) and types[number] != CONTROL]
    if loose:
        yield f"{len(loose)} special tokens are text, {loose[0]} among them"


def _tensors(reader: Any, folder: Path, family: Family, config: dict[str, Any]) -> Iterator[str]:
    expected = gguf_tensor_count(family, config, weight_names(folder))
    if len(reader.tensors) != expected:
        yield f"it has {len(reader.tensors)} tensors and should have {expected}"


def value_of(reader: Any, key: str) -> Any:
    """A metadata value of an open GGUFReader; None where the file doesn't have it."""
    return reader.fields[key].contents() if key in reader.fields else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
