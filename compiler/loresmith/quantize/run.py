"""Quantizing a GGUF file, in a process of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from loresmith.diagnostics.failure import Rejected
from loresmith.process.child import ChildFailed, run_child
from loresmith.quantize.importance import read_importance, require_led
from loresmith.quantize.kinds import require_kind
from loresmith.quantize.table import QuantizedFile, read_table
from loresmith.store.files import disk_failures, disk_full, sync_folder

FULL_BELOW = 16 * 2**20
"""llama.cpp doesn't say why a write failed; with fewer free bytes than this it was the disk."""


def quantize(
    source: Path,
    destination: Path,
    kind: str,
    report: Callable[[float], None],
    matrix: Path | None = None,
) -> QuantizedFile:
    """Write `source`, a 16-bit GGUF, to `destination` in quantization `kind`; gives its tensor table.

    `matrix` is the file of an importance matrix, by which kinds below eight bits choose their scales.

    The file appears under its name when it is whole. Raises InvalidCall for an unknown kind,
    EnvironmentFailure when the disk is full, Rejected when llama.cpp refuses or crashes, or the matrix lacks a tensor.
    """
    require_kind(kind)
    temporary = destination.with_name(f".{destination.name}.partial")
    with disk_failures(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            _run(source, temporary, kind, report, matrix)
            if matrix:
                require_led(temporary, read_importance(matrix))
            temporary.replace(destination)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(destination.parent)
    return read_table(destination)


def _run(
    source: Path, temporary: Path, kind: str, report: Callable[[float], None], matrix: Path | None
) -> None:
    led_by = [str(matrix)] if matrix else []
    arguments = [str(source), str(temporary), kind, str(os.cpu_count() or 1), *led_by]
    try:
        run_child("loresmith.quantize.worker", arguments, report)
    except ChildFailed as error:
        if shutil.disk_usage(temporary.parent).free < FULL_BELOW:
            raise disk_full(temporary.parent) from error
        raise Rejected(
            f"llama.cpp can't quantize this file to {kind}: {error.said}",
            where=str(source),
            remedy="Choose another quantization; if none works, the source is damaged: export it again.",
        ) from error
