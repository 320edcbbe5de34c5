"""Gives a base model that was never taught to end a message an end-of-turn token that it can learn.

In a base without chat training the rows of the special tokens are those of tokens that never occurred: almost the
same vector for thousands of them (Gemma 3 270M: cosine 0.995). With a frozen head no adapter can tell such a token
from the others, and the model never stops. Its row is set to one half way between the base's own end of text and a
fixed direction, at the usual length, so that ending a message starts out likely and stays distinct.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open

from loresmith.base.tokenizer_files import token_id
from loresmith.families.family import Family
from loresmith.store.files import disk_failures

ALIKE = 0.98
"""Cosine above which two rows are as good as the same."""
UNTRAINED = 16
"""A row with at least so many others like it was never trained."""
CHUNK = 8192
SEED = 106
_HEADS = ("embed_tokens.weight", "lm_head.weight")
_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def settle_end_of_turn(folder: Path, family: Family) -> bool:
    """Set the end-of-turn rows of a base folder where they are untrained; gives whether any was.

    A weights file that is shared with another folder by a hard link is copied first.
    """
    ends, text_end = token_id(folder, family.end_of_turn), _end_of_text(folder)
    settled = False
    for shard in sorted(folder.glob("*.safetensors")):
        for name in _tables(shard):
            rows = _rows(shard, name)
            if _is_untrained(rows, ends):
                _write_row(shard, name, ends, _distinct_from(rows[text_end].float()))
                settled = True
    return settled


def _end_of_text(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = config.get("text_config", config)
    found = config.get("eos_token_id", 1)
    return int(found[0] if isinstance(found, list) else found)


def _tables(shard: Path) -> list[str]:
    with safe_open(shard, framework="pt") as file:
        names = cast("list[str]", list(file.keys()))
    return [name for name in names if name.endswith(_HEADS) and "tower" not in name]


def _rows(shard: Path, name: str) -> torch.Tensor:
    """The table, tokens by hidden size, in the file's own type."""
    with safe_open(shard, framework="pt") as file:
        return file.get_tensor(name)


def _is_untrained(rows: torch.Tensor, token: int) -> bool:
    wanted = torch.nn.functional.normalize(rows[token].float(), dim=0)
    alike = 0
    for start in range(0, rows.shape[0], CHUNK):
        part = torch.nn.functional.normalize(rows[start : start + CHUNK].float(), dim=1)
        alike += int((part @ wanted > ALIKE).sum())
    return alike - 1 >= UNTRAINED


def _distinct_from(row: torch.Tensor) -> torch.Tensor:
    """A vector of the row's length at 45 degrees to it."""
    direction = torch.randn(row.shape, generator=torch.Generator().manual_seed(SEED))
    direction -= row * (direction @ row) / (row @ row)
    mixed = row / row.norm() + direction / direction.norm()
    return mixed / mixed.norm() * row.norm()


def _write_row(shard: Path, name: str, token: int, row: torch.Tensor) -> None:
    """Overwrite one row of a table inside a safetensors file."""
    _unshare(shard)
    with shard.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        entry: dict[str, Any] = json.loads(file.read(size))[name]
        data = row.to(_DTYPES[entry["dtype"]]).contiguous().view(torch.uint8).numpy().tobytes()
        file.seek(8 + size + entry["data_offsets"][0] + token * len(data))
        file.write(data)


def _unshare(shard: Path) -> None:
    if shard.stat().st_nlink == 1:
        return
    copy = shard.with_suffix(".copy")
    with disk_failures(copy):
        shutil.copyfile(shard, copy)
        copy.replace(shard)
