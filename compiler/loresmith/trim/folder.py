"""A base folder, trimmed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loresmith.base.tokenizer_files import write_tokenizer_config
from loresmith.families.family import Family
from loresmith.recipe.schema import VocabularyTrim
from loresmith.store.artefacts import MANIFEST
from loresmith.store.files import disk_failures
from loresmith.trim.needed import Kept, Wanted, add_english, add_signs, must_stay, require_room, tokenizer_of
from loresmith.trim.numbering import CONFIGS, Numbering, named_tokens, numbering_of, write_configs
from loresmith.trim.table import read_table
from loresmith.trim.tokenizer_files import HOLDS_IDS, write_tokenizer
from loresmith.trim.weights import INDEX, slice_weights, table_rows


@dataclass(frozen=True)
class Trimmed:
    """What a trimmed folder was made by: the tokens that stay, their new ids, and the weights' bytes saved."""

    kept: Kept
    numbering: Numbering
    rows_before: int
    saved: int


def choose_tokens(base: Path, family: Family, wanted: Wanted, vocabulary: VocabularyTrim) -> Kept:
    """The tokens that a trimmed base keeps.

    Raises Rejected when those that must stay are more than `vocabulary.keep`.
    """
    rows, table, tokenizer = table_rows(base), read_table(base), tokenizer_of(base)
    kept = must_stay(table, tokenizer, family, wanted, named_tokens(base, rows), rows)
    if vocabulary.trim == "english":
        add_signs(kept, table)
    require_room(kept, vocabulary.keep)
    if vocabulary.trim == "english":
        add_english(kept, tokenizer, vocabulary.keep)
    return kept


def write_trimmed(
    base: Path, destination: Path, family: Family, kept: Kept, report: Callable[[float], None]
) -> Trimmed:
    """Write `base` to `destination` with the kept tokens alone, in the same layout.

    Raises Rejected when a shard is damaged, EnvironmentFailure when the disk is full.
    """
    table, numbering = read_table(base), numbering_of(kept.reasons)
    with disk_failures(destination):
        destination.mkdir(parents=True, exist_ok=True)
        _copy_others(base, destination)
    write_tokenizer(base, table, numbering, destination)
    write_tokenizer_config(destination, family)
    write_configs(base, destination, numbering)
    saved = slice_weights(base, destination, numbering, report)
    return Trimmed(kept, numbering, table_rows(base), saved)


def _copy_others(base: Path, destination: Path) -> None:
    """What doesn't speak of token ids."""
    skipped = {*HOLDS_IDS, *CONFIGS, INDEX, MANIFEST}
    for path in sorted(base.iterdir()):
        if path.is_file() and path.suffix != ".safetensors" and path.name not in skipped:
            shutil.copyfile(path, destination / path.name)
