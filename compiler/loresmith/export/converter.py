"""llama.cpp's converter: where the set-up places it, and running our driver around it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from loresmith.diagnostics.failure import EnvironmentFailure, Rejected
from loresmith.process.child import ChildFailed, run_child
from loresmith.store.files import disk_failures, disk_full, sync_folder

VERSION = "0.3.36"
"""The llama-cpp-python release that the converter comes from: the same llama.cpp loads the file."""


def converter_folder() -> Path:
    """The converter's folder; raises EnvironmentFailure when the set-up hasn't placed it."""
    folder = Path(sys.prefix) / "share" / "loresmith" / f"llama.cpp-{VERSION}"
    for name in ("convert_hf_to_gguf.py", "convert_lora_to_gguf.py", "conversion", "gguf-py"):
        if not (folder / name).exists():
            raise EnvironmentFailure(
                "llama.cpp's converter isn't installed.",
                where=str(folder / name),
                remedy="Run `pnpm run doctor`, which puts it there.",
            )
    return folder


def run_converter(
    job: str,
    arguments: list[str],
    destination: Path,
    report: Callable[[float], None],
    verify: Callable[[Path], None] | None = None,
) -> None:
    """Run the driver's `job` with `arguments`; the file appears at `destination` when whole and verified.

    Raises EnvironmentFailure when the converter is missing or the disk is full, Rejected with the converter's
    last words when it fails.
    """
    folder = converter_folder()
    temporary = destination.with_name(f".{destination.name}.partial.gguf")
    with disk_failures(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            run_child(
                "loresmith.export.convert",
                [str(folder), job, "--outfile", str(temporary), *arguments],
                report,
            )
            if verify:
                verify(temporary)
            temporary.replace(destination)
        except ChildFailed as error:
            raise _failure(error, destination) from error
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(destination.parent)


def _failure(error: ChildFailed, destination: Path) -> EnvironmentFailure | Rejected:
    if error.lacked_disk:
        return disk_full(destination)
    return Rejected(
        f"The model can't be converted to GGUF: {error.said}",
        where=str(destination),
        remedy="Check that the base model folder is whole and of a supported family.",
    )
