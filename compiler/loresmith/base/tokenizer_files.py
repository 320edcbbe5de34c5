"""The tokenizer's configuration: special tokens, their ids, and the chat template that travels with the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loresmith.families.family import Family
from loresmith.store.files import write_atomically

_CLASSES = {"gemma": "GemmaTokenizer", "chatml": "Qwen2Tokenizer"}


def write_tokenizer_config(folder: Path, family: Family) -> None:
    """Give the base the family's chat template and end-of-turn as EOS, keeping every token where it is.

    `added_tokens_decoder` is written out in full: without it the converter types special tokens as text.
    """
    config = _existing(folder / "tokenizer_config.json")
    config.setdefault("tokenizer_class", _CLASSES[family.template_name])
    config["added_tokens_decoder"] = _added_tokens(folder / "tokenizer.json")
    config["bos_token"] = family.bos
    config["eos_token"] = family.end_of_turn
    config["add_bos_token"] = family.bos is not None
    config["add_eos_token"] = False
    config["chat_template"] = family.template
    if family.template_name == "gemma":
        config |= {"pad_token": "<pad>", "unk_token": "<unk>"}
    write_atomically(folder / "tokenizer_config.json", json.dumps(config, indent=2, ensure_ascii=False))
    for stale in ("chat_template.jinja", "chat_template.json"):
        (folder / stale).unlink(missing_ok=True)


def token_id(folder: Path, token: str) -> int:
    """The id of a special token in tokenizer.json; raises KeyError where it isn't one."""
    return {
        entry["content"]: int(number) for number, entry in _added_tokens(folder / "tokenizer.json").items()
    }[token]


def _existing(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _added_tokens(tokenizer: Path) -> dict[str, dict[str, Any]]:
    added = json.loads(tokenizer.read_text(encoding="utf-8")).get("added_tokens", [])
    return {str(entry["id"]): {k: v for k, v in entry.items() if k != "id"} for entry in added}
