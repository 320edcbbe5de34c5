"""What a trim saves: tokens by reason, and bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loresmith.trim.folder import Trimmed
from loresmith.trim.table import read_table

GGUF_TOKEN_BYTES = 8 + 4 + 4
"""What GGUF spends on a token besides its text: the text's length, a score and a type."""


def savings(base: Path, made: Trimmed) -> dict[str, Any]:
    """The part of the report on sizes. `weight_bytes_saved` is of the base's own number type.

    `vocabulary_bytes_saved` is what GGUF's lists of tokens shrink by.
    """
    table, kept = read_table(base), set(made.numbering.kept)
    gone = [
        piece for number, piece in table.pieces.items() if number < made.rows_before and number not in kept
    ]
    return {
        "tokens_before": made.rows_before,
        "tokens_after": len(kept),
        "kept_for": made.kept.counts,
        "weight_bytes_saved": made.saved,
        "vocabulary_bytes_saved": sum(len(piece.encode()) + GGUF_TOKEN_BYTES for piece in gone),
    }
