"""Rows of the tokens that stay, cut out of the shards byte by byte: no tensor is ever in memory whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from loresmith.base.acquire import link_or_copy
from loresmith.families.tensor_names import is_token_table
from loresmith.merge.shards import Entry, Shard, copy_bytes, header_bytes, read_shard
from loresmith.store.files import disk_failures, write_atomically
from loresmith.trim.numbering import Numbering

INDEX = "model.safetensors.index.json"


def slice_weights(
    source: Path, destination: Path, numbering: Numbering, report: Callable[[float], None]
) -> int:
    """Write the shards of `source` with the kept rows of every token table; gives the bytes saved.

    Raises Rejected when a shard is damaged.
    """
    shards = [read_shard(path) for path in sorted(source.glob("*.safetensors"))]
    saved = 0
    for number, shard in enumerate(shards):
        target = destination / shard.path.name
        if any(is_token_table(name) for name in shard.entries):
            with disk_failures(target):
                saved += _slice(shard, target, numbering)
        else:
            link_or_copy(shard.path, target)
        report((number + 1) / len(shards))
    _update_index(source, destination, saved)
    return saved


def table_rows(folder: Path) -> int:
    """The number of rows of the embeddings, which is the number of tokens that the model knows."""
    for path in sorted(folder.glob("*.safetensors")):
        for name, entry in read_shard(path).entries.items():
            if name.endswith("embed_tokens.weight") and is_token_table(name):
                return entry.shape[0]
    raise ValueError("the folder has no embeddings")


def _slice(shard: Shard, target: Path, numbering: Numbering) -> int:
    sizes = {name: _sliced(name, entry, numbering) for name, entry in shard.entries.items()}
    with shard.path.open("rb") as file, target.open("wb") as out:
        out.write(header_bytes(sizes, shard.metadata))
        for name, entry in shard.entries.items():
            if is_token_table(name):
                _copy_rows(file, out, entry, numbering.kept)
            else:
                file.seek(entry.begin)
                copy_bytes(file.read, out.write, entry.size)
    return sum(entry.size - sizes[name][2] for name, entry in shard.entries.items())


def _sliced(name: str, entry: Entry, numbering: Numbering) -> tuple[str, tuple[int, ...], int]:
    if not is_token_table(name):
        return entry.dtype, entry.shape, entry.size
    rows = numbering.below(entry.shape[0])
    return entry.dtype, (rows, *entry.shape[1:]), rows * (entry.size // entry.shape[0])


def _copy_rows(file: BinaryIO, out: BinaryIO, entry: Entry, kept: Sequence[int]) -> None:
    width = entry.size // entry.shape[0]
    for first, count in _runs(kept, entry.shape[0]):
        file.seek(entry.begin + first * width)
        copy_bytes(file.read, out.write, count * width)


def _runs(kept: Sequence[int], rows: int) -> Iterator[tuple[int, int]]:
    """The kept ids under `rows` as runs: first id and length."""
    first = count = 0
    for number in kept:
        if number >= rows:
            break
        if count and number == first + count:
            count += 1
            continue
        if count:
            yield first, count
        first, count = number, 1
    if count:
        yield first, count


def _update_index(source: Path, destination: Path, saved: int) -> None:
    if not (source / INDEX).exists():
        return
    index: dict[str, Any] = json.loads((source / INDEX).read_text(encoding="utf-8"))
    metadata = index.get("metadata", {})
    if "total_size" in metadata:
        index["metadata"] = metadata | {"total_size": metadata["total_size"] - saved}
    write_atomically(destination / INDEX, json.dumps(index, indent=2) + "\n")
