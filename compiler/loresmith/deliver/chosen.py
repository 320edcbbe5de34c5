"""Which model file a command means: a file, a delivered model's name with or without a version, or the newest."""

from __future__ import annotations

import difflib
from pathlib import Path

from loresmith.deliver.versions import METADATA, require_metadata, require_unchanged, versions_of
from loresmith.diagnostics.failure import InvalidCall, Rejected


def chosen_model_file(wanted: str | None, models: Path) -> Path:
    """The model file that is meant: a .gguf path, `name`, `name/version`, or without any the last delivered one.

    Raises InvalidCall where there is no such model, Rejected where none has been delivered yet, its metadata are
    damaged, or the file isn't what was delivered.
    """
    if wanted is None:
        return _newest(models)
    if wanted.endswith(".gguf"):
        if not Path(wanted).is_file():
            raise InvalidCall("There is no such model file.", where=wanted, remedy="See: loresmith models")
        return Path(wanted)
    name, _, version = wanted.partition("/")
    names = sorted(path.name for path in models.glob("*") if path.is_dir())
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Models: {', '.join(names) or 'none yet'}."
        raise InvalidCall(
            f"There is no model named {name or wanted!r}.", remedy=f"{hint} A file ends in .gguf."
        )
    versions = versions_of(models / name)
    if not versions:
        raise InvalidCall(f"{name} has no delivered version.", remedy=f"Run: loresmith train {name}")
    if version and version not in versions:
        raise InvalidCall(f"{name} has no version {version!r}.", remedy=f"Versions: {', '.join(versions)}.")
    return _model_in(models / name / (version or versions[-1]))


def _newest(models: Path) -> Path:
    delivered = [path.parent for path in models.glob(f"*/v*/{METADATA}")]
    if not delivered:
        raise Rejected("No model has been delivered yet.", remedy="Run: loresmith train")
    return _model_in(max(delivered, key=lambda folder: (folder / METADATA).stat().st_mtime))


def _model_in(folder: Path) -> Path:
    metadata = require_metadata(folder)
    require_unchanged(folder, metadata, metadata.app.model)
    return folder / metadata.app.model
