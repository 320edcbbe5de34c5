"""A Hugging Face folder as an f16 GGUF file, verified after it is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from loresmith.diagnostics.failure import Rejected
from loresmith.export.converter import run_converter
from loresmith.export.verify import verify_model


def export_gguf(merged: Path, destination: Path, name: str, report: Callable[[float], None]) -> None:
    """Write `merged`, a Hugging Face folder, to `destination` as f16 GGUF with its tokenizer and template.

    `name` becomes the file's `general.name`.

    Raises EnvironmentFailure when the converter is missing or the disk is full, Rejected when the conversion
    fails or the file isn't what the folder says.
    """
    run_converter(
        "model",
        ["--outtype", "f16", "--model-name", name, str(merged)],
        destination,
        lambda done: report(done * 0.95),
        lambda file: verify_model(file, merged),
    )
    report(1.0)


def export_projector(base: Path, destination: Path, report: Callable[[float], None]) -> None:
    """Write the vision tower and projector of a multimodal folder to `destination` as f16 GGUF.

    Raises Rejected when the folder has no vision tower, and like export_gguf.
    """
    from loresmith.base.acquire import read_config

    if not read_config(base).get("vision_config"):
        raise Rejected(
            "This base model has no vision tower, so there is no projector to export.",
            where=str(base),
            remedy="Take a multimodal base, or leave the projector out.",
        )
    run_converter("projector", ["--outtype", "f16", str(base)], destination, report)
