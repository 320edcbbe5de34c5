"""A PEFT adapter as a LoRA GGUF file, for apps that swap adapters on one base."""

from __future__ import annotations

from pathlib import Path

from loresmith.export.converter import run_converter


def export_adapter(base: Path, adapter: Path, destination: Path) -> None:
    """Write the PEFT folder `adapter` to `destination` as GGUF in f16; of `base` only the config is read.

    Raises EnvironmentFailure when the converter is missing or the disk is full, Rejected when it fails.
    """
    run_converter(
        "adapter", ["--outtype", "f16", "--base", str(base), str(adapter)], destination, lambda _: None
    )
