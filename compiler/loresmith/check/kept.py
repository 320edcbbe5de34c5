"""Compiled files as the cache and the worker processes hand them on: JSON, compressed.

The compression's own check sum tells a damaged part from a sound one.
"""

from __future__ import annotations

import zlib

from pydantic import TypeAdapter

from loresmith.check.outline import Outline, outline_of
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.store.compiled import Kept

FASTEST = 1
_FINDINGS = TypeAdapter(tuple[Diagnostic, ...])


def compile_to_kept(path: str, data: bytes, vocabulary: Vocabulary) -> Kept:
    """What a file compiles to."""
    # The parser is loaded where something has to be compiled; a run that finds everything kept does without.
    from loresmith.check.file import compile_source

    compiled = compile_source(path, data, vocabulary)
    scenario = compiled.scenario
    return Kept(
        _pressed(_FINDINGS.dump_json(compiled.findings)) if compiled.findings else None,
        _pressed(outline_of(scenario, compiled.silenced).model_dump_json().encode()) if scenario else None,
        _pressed(scenario.model_dump_json().encode()) if scenario else None,
    )


def findings_of(kept: Kept) -> tuple[Diagnostic, ...]:
    """The findings of a kept file; raises ValueError when they are damaged."""
    return _FINDINGS.validate_json(_unpressed(kept.findings)) if kept.findings else ()


def outline_in(kept: Kept) -> Outline | None:
    """The outline of a kept file, None where it has errors; raises ValueError when it is damaged."""
    return Outline.model_validate_json(_unpressed(kept.outline)) if kept.outline else None


def scenario_in(kept: Kept) -> Scenario | None:
    """The scenario of a kept file, None where it has errors; raises ValueError when it is damaged."""
    return Scenario.model_validate_json(_unpressed(kept.scenario)) if kept.scenario else None


def _pressed(text: bytes) -> bytes:
    return zlib.compress(text, FASTEST)


def _unpressed(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error as error:
        raise ValueError(str(error)) from error
