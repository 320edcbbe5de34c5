"""Quantizing a GGUF file, in a process of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from loresmith.diagnostics.failure import Rejected
from loresmith.process.child import ChildFailed, run_child
from loresmith.quantize.compensation import Compensation, compensate
from loresmith.quantize.failures import failure_of
from loresmith.quantize.importance import read_importance, require_led
from loresmith.quantize.kinds import require_kind
from loresmith.quantize.table import QuantizedFile, read_table
from loresmith.store.files import disk_failures, disk_full, sync_folder

FULL_BELOW = 16 * 2**20
"""llama.cpp doesn't say why a write failed; with fewer free bytes than this it was the disk."""
ROUNDED_AT = 0.25
"""The part of the time that llama.cpp takes where its rounding is then compensated."""


def quantize(
    source: Path,
    destination: Path,
    kind: str,
    report: Callable[[float], None],
    matrix: Path | None = None,
    moments: Path | None = None,
) -> QuantizedFile:
    """Write `source`, a 16-bit GGUF, to `destination` in quantization `kind`; gives its tensor table.

    `matrix` is the file of an importance matrix, by which kinds below eight bits choose their scales, `moments` that of
    the second moments, by which their weights are then rounded.

    The file appears under its name when it is whole. Raises InvalidCall for an unknown kind,
    EnvironmentFailure when disk or memory run out, Rejected when llama.cpp refuses or crashes, the matrix lacks a
    tensor or the moments don't fit the file.
    """
    require_kind(kind)
    temporary = destination.with_name(f".{destination.name}.partial")
    with disk_failures(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            _run(source, temporary, kind, _until(ROUNDED_AT, report) if moments else report, matrix)
            if matrix:
                require_led(temporary, read_importance(matrix))
            rounding = _compensated(temporary, source, moments, report) if moments else None
            temporary.replace(destination)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(destination.parent)
    return read_table(destination).model_copy(update={"compensation": rounding})


def _until(end: float, report: Callable[[float], None]) -> Callable[[float], None]:
    """A report for the first part of the work, which is done at `end`."""
    return lambda done: report(done * end)


def _compensated(
    temporary: Path, source: Path, moments: Path, report: Callable[[float], None]
) -> Compensation:
    try:
        return compensate(
            temporary, source, moments, lambda done: report(ROUNDED_AT + done * (1 - ROUNDED_AT))
        )
    except ChildFailed as error:
        raise failure_of(error, source, "the weights were rounded", "The weights can't be rounded") from error


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
