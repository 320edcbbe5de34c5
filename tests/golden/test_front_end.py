"""Readable pairs: a scenario file, and what is found in it (expected.txt) or made of it (ir.json)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loresmith.check.file import Compiled, compile_source
from loresmith.diagnostics.codes import CODES
from loresmith.diagnostics.rendering import render_text
from loresmith.ir.vocabulary import load_vocabulary

FOLDER = Path(__file__).parent / "front_end"
CASES = sorted(path.name for path in FOLDER.iterdir())
OTHER_TESTS = {"SC503"}
"""Codes that take a whole corpus of twenty files: tests/unit/test_corpus_checks.py."""


@pytest.mark.parametrize("case", CASES)
def test_front_end(case: str, update_golden: bool) -> None:
    data = (FOLDER / case / "input.md").read_bytes()
    compiled = compile_source(f"scenarios/exploration/{case}.md", data, load_vocabulary())
    found = _findings(compiled, data)
    ir = FOLDER / case / "ir.json"
    if update_golden:
        (FOLDER / case / "expected.txt").write_text(found, encoding="utf-8")
        if ir.exists():
            ir.write_text(_ir(compiled), encoding="utf-8")
    assert (FOLDER / case / "expected.txt").read_text(encoding="utf-8") == found
    if ir.exists():
        assert ir.read_text(encoding="utf-8") == _ir(compiled)


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("near-miss")])
def test_near_misses_are_silent_about_their_code(case: str) -> None:
    data = (FOLDER / case / "input.md").read_bytes()
    compiled = compile_source(f"scenarios/exploration/{case}.md", data, load_vocabulary())
    assert case[:5].upper() not in {found.code for found in compiled.findings}


def test_every_code_has_a_case_and_a_near_miss() -> None:
    together = sorted(path.name for path in (FOLDER.parent / "corpus").iterdir())
    texts = [(FOLDER / case / "expected.txt").read_text(encoding="utf-8") for case in CASES]
    for code in sorted(set(CODES) - OTHER_TESTS):
        cases = [case for case in (*CASES, *together) if case.startswith(code.lower())]
        assert any(case.endswith("near-miss") for case in cases), code
        triggered = any(f" {code} " in text for text in texts)
        assert triggered or any(case.endswith("trigger") for case in cases), code


def _findings(compiled: Compiled, data: bytes) -> str:
    if not compiled.findings:
        return "no findings\n"
    path = compiled.findings[0].path
    return render_text(compiled.findings, {path: data.decode("utf-8", errors="replace")}) + "\n"


def _ir(compiled: Compiled) -> str:
    assert compiled.scenario is not None
    return json.dumps(_without_spans(compiled.scenario.model_dump()), indent=2, ensure_ascii=False) + "\n"


def _without_spans(value: object) -> object:
    """The IR as people read it: spans are tested by the carets of expected.txt."""
    if isinstance(value, dict):
        return {key: _without_spans(item) for key, item in value.items() if key not in ("span", "kind")}
    if isinstance(value, (list, tuple)):
        return [_without_spans(item) for item in value]
    return value
