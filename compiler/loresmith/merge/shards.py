"""Safetensors files read and written tensor by tensor, so that memory holds one weight and not a model.

The format: 8 bytes little-endian header length; a JSON header, name -> dtype, shape, data_offsets; the data.
Source: https://huggingface.co/docs/safetensors (format).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import Rejected
from loresmith.store.files import CHUNK

ALIGNMENT = 8
FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Entry:
    """One tensor of a shard; `begin` and `end` count from the start of the file, in bytes."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.begin


@dataclass(frozen=True)
class Shard:
    """A safetensors file's table of contents, in the order of the data."""

    path: Path
    entries: dict[str, Entry]
    metadata: dict[str, str] | None


def weight_names(folder: Path) -> list[str]:
    """The names of all weights in a folder's safetensors files; raises as `read_shard` does."""
    return [name for path in sorted(folder.glob("*.safetensors")) for name in read_shard(path).entries]


def read_shard(path: Path) -> Shard:
    """The table of contents of a safetensors file; raises Rejected when the file is damaged or cut short."""
    try:
        header, start = _header(path)
        metadata = header.pop("__metadata__", None)
        entries = {name: _entry(value, start) for name, value in header.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if path.stat().st_size != max((entry.end for entry in entries.values()), default=start):
        raise _damaged(path)
    ordered = sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end))
    return Shard(path, dict(ordered), metadata)


def write_changed(
    shard: Shard,
    destination: Path,
    changed: Mapping[str, Callable[[], bytes]],
    advance: Callable[[int], None],
) -> int:
    """Write `shard` to `destination`, the tensors in `changed` as fp32 and the others byte by byte.

    `advance` gets the bytes read for each tensor. Gives the number of data bytes written.
    """
    sizes = {name: _size(entry, widened=name in changed) for name, entry in shard.entries.items()}
    with shard.path.open("rb") as source, destination.open("wb") as target:
        target.write(_new_header(shard, sizes, set(changed)))
        for name, entry in shard.entries.items():
            if name in changed:
                data = changed[name]()
                assert len(data) == sizes[name]
                target.write(data)
            else:
                source.seek(entry.begin)
                copy_bytes(source.read, target.write, entry.size)
            advance(entry.size)
    return sum(sizes.values())


def _header(path: Path) -> tuple[dict[str, Any], int]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if 8 + length > path.stat().st_size:
            raise ValueError("the header is cut short")
        return json.loads(file.read(length)), 8 + length


def _entry(value: dict[str, Any], start: int) -> Entry:
    begin, end = value["data_offsets"]
    return Entry(value["dtype"], tuple(value["shape"]), start + begin, start + end)


def _size(entry: Entry, *, widened: bool) -> int:
    count = 1
    for length in entry.shape:
        count *= length
    return count * FLOAT32_BYTES if widened else entry.size


def _new_header(shard: Shard, sizes: Mapping[str, int], widened: set[str]) -> bytes:
    entries = {
        name: ("F32" if name in widened else entry.dtype, entry.shape, sizes[name])
        for name, entry in shard.entries.items()
    }
    return header_bytes(entries, shard.metadata)


def header_bytes(
    entries: Mapping[str, tuple[str, tuple[int, ...], int]], metadata: Mapping[str, str] | None
) -> bytes:
    """The head of a safetensors file of these tensors: name -> dtype, shape and bytes, in the data's order."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, (dtype, shape, size) in entries.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def copy_bytes(read: Callable[[int], bytes], write: Callable[[bytes], int], size: int) -> None:
    """Copy `size` bytes, a chunk at a time."""
    while size > 0:
        data = read(min(CHUNK, size))
        write(data)
        size -= len(data)


def _damaged(path: Path) -> Rejected:
    return Rejected(
        "This file of the base model is damaged or cut short.",
        where=str(path),
        remedy="Fetch the base model again.",
    )
