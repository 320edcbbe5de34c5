"""New ids for the tokens that stay, and the files of a model that speak of ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from loresmith.store.files import write_atomically

CONFIGS = ("config.json", "generation_config.json")
_ID_ENDINGS = ("_token_id", "_token_index")
_OFFSET = "vocab_offset"
"""In a tower's config: the first of the ids that stand for what the tower sees or hears."""


@dataclass(frozen=True)
class Numbering:
    """The tokens that stay, by their old ids in rising order; a token's place is its new id."""

    kept: tuple[int, ...]

    @cached_property
    def new(self) -> dict[int, int]:
        """Old id -> new id."""
        return {old: new for new, old in enumerate(self.kept)}

    def below(self, limit: int) -> int:
        """How many of the kept tokens had an id under `limit`."""
        return sum(old < limit for old in self.kept)


def numbering_of(kept: Iterable[int]) -> Numbering:
    """The numbering of a set of old ids."""
    return Numbering(tuple(sorted(kept)))


def named_tokens(folder: Path, rows: int) -> set[int]:
    """The ids that the folder's configuration speaks of, and those that stand for pictures and sounds."""
    named: set[int] = set()

    def note(key: str, number: int) -> int:
        named.update(range(number, rows) if key == _OFFSET else (number,))
        return number

    for path in _configs(folder):
        _visit(json.loads(path.read_text(encoding="utf-8")), note)
    return {number for number in named if number < rows}


def write_configs(source: Path, destination: Path, numbering: Numbering) -> None:
    """Write the configuration files of `source` with new ids and sizes.

    An id that had no row is null, and leaves a list.
    """

    def renumber(_key: str, number: int) -> int | None:
        return numbering.new.get(number)

    for path in _configs(source):
        config = _visit(json.loads(path.read_text(encoding="utf-8")), renumber)
        for part in (config, config.get("text_config", {})):
            for key in ("vocab_size", "vocab_size_per_layer_input"):
                if key in part:
                    part[key] = numbering.below(part[key])
        write_atomically(destination / path.name, json.dumps(config, indent=2, ensure_ascii=False) + "\n")


def _configs(folder: Path) -> list[Path]:
    return [folder / name for name in CONFIGS if (folder / name).exists()]


def _visit(value: Any, change: Callable[[str, int], int | None], key: str = "") -> Any:
    """The configuration with every token id changed, in lists too."""
    if isinstance(value, dict):
        return {name: _visit(inner, change, str(name)) for name, inner in value.items()}
    if isinstance(value, list):
        visited = [_visit(inner, change, key) for inner in value]
        return [inner for inner in visited if inner is not None] if _is_id(key) else visited
    return change(key, value) if _is_id(key) and isinstance(value, int) else value


def _is_id(key: str) -> bool:
    return key.endswith(_ID_ENDINGS) or key == _OFFSET
