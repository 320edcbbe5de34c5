"""`loresmith models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loresmith.deliver.versions import require_metadata, versions_of
from loresmith.diagnostics.failure import Rejected
from loresmith.validate.text import percent


def list_models(root: Path, *, as_json: bool) -> int:
    """Print every delivered version, and which can't be read; gives exit code 0, or 1 where one can't."""
    found = [entry for folder in _folders(root) for entry in _entries(folder)]
    if as_json:
        print(json.dumps(found, indent=2))
    elif not found:
        print("No model has been delivered yet. Run: loresmith train")
    else:
        print("\n".join(_line(entry) for entry in found))
    return int(any("error" in entry for entry in found))


def _folders(root: Path) -> list[Path]:
    models = root / "ai-training" / "models"
    return sorted(path for path in models.glob("*") if path.is_dir())


def _entries(folder: Path) -> list[dict[str, Any]]:
    return [_entry(folder / version) for version in versions_of(folder)]


def _entry(folder: Path) -> dict[str, Any]:
    try:
        metadata = require_metadata(folder)
    except Rejected as damaged:
        error = f"{damaged.message} {damaged.remedy}"
        return {"name": folder.parent.name, "version": folder.name, "error": error}
    model = metadata.app.model
    return {
        "name": metadata.name,
        "version": metadata.version,
        "target": metadata.target,
        "base": metadata.base.name,
        "model": str(folder / model),
        "bytes": metadata.files[model].bytes,
        "eval_loss": metadata.training.best_eval_loss,
        "call_valid": next(iter(metadata.scores.values())).call_valid,
    }


def _line(entry: dict[str, Any]) -> str:
    if "error" in entry:
        return f"{entry['name']} {entry['version']}  {entry['error']}"
    return (
        f"{entry['name']} {entry['version']}  {entry['bytes'] / 1e6:,.0f} MB  {entry['target']}  "
        f"eval loss {entry['eval_loss']:.3f}  calls that can be used {percent(entry['call_valid'])}\n"
        f"  {entry['model']}"
    )
