"""The files that lie beside the model: its adapter, and the projector of a base that sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loresmith.pipeline.front_stages import family_of_base
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Built, Stage, Watcher
from loresmith.store.artefacts import Artefact

ADAPTER_FILE = "adapter.gguf"
PROJECTOR_FILE = "mmproj.gguf"


def _adapter_inputs(_project: Project, built: Built) -> dict[str, Any]:
    return {"base": built["base"].digest, "adapter": built["train"].digest}


def _export_adapter(_project: Project, built: Built, folder: Path, _watcher: Watcher) -> dict[str, Any]:
    from loresmith.export.adapter import export_adapter

    export_adapter(built["base"].folder, built["train"].folder, folder / ADAPTER_FILE)
    return {"bytes": (folder / ADAPTER_FILE).stat().st_size}


def _projector_inputs(_project: Project, built: Built) -> dict[str, Any]:
    return {"base": built["base"].digest}


def _export_projector(_project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
    """Nothing but the fact where the base is text-only."""
    from loresmith.base.acquire import read_config
    from loresmith.export.gguf import export_projector

    base = built["base"].folder
    if not (family_of_base(built["base"]).has_vision and read_config(base).get("vision_config")):
        return {"bytes": 0}
    export_projector(base, folder / PROJECTOR_FILE, watcher.advance)
    return {"bytes": (folder / PROJECTOR_FILE).stat().st_size}


def _projector_summary(artefact: Artefact) -> str:
    size = artefact.facts["bytes"]
    return f"{size:,} bytes, f16" if size else "none: the base is text-only"


def projector_of(built: Built) -> Path | None:
    """The projector's file; None where the base is text-only."""
    artefact = built["projector"]
    return artefact.folder / PROJECTOR_FILE if artefact.facts["bytes"] else None


ADAPTER = Stage(
    "adapter",
    1,
    "Export of the adapter",
    ("base", "train"),
    _adapter_inputs,
    _export_adapter,
    lambda a: f"{a.facts['bytes']:,} bytes, f16",
)
PROJECTOR = Stage(
    "projector", 1, "Vision projector", ("base",), _projector_inputs, _export_projector, _projector_summary
)
