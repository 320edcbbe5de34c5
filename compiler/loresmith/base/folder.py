"""A base that is a folder of the project."""

from __future__ import annotations

from pathlib import Path

from loresmith.diagnostics.failure import Rejected


def require_folder(source: Path) -> None:
    """Raise Rejected when the folder that base.path names isn't there."""
    if not source.is_dir():
        raise Rejected(
            "There is no such base model folder.",
            where=str(source),
            remedy="base.path in the recipe names a folder in Hugging Face's layout, seen from the project.",
        )
