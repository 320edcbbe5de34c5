"""Readable folders of scenarios, and what is found in them together (expected.txt); against a context of
so many tokens where there is a context.txt."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.check.project import check_project
from loresmith.dataset.lengths import too_long
from loresmith.diagnostics.rendering import render_text
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.lower.conversation import lower_scenario

FOLDER = Path(__file__).parent / "corpus"
CASES = sorted(path.name for path in FOLDER.iterdir())


def found(case: str) -> tuple[str, set[str]]:
    """The findings of a case as text, and their codes."""
    paths = sorted((FOLDER / case).rglob("*.md"))
    files = {path.relative_to(FOLDER / case).as_posix(): path.read_bytes() for path in paths}
    vocabulary = load_vocabulary()
    checked = check_project(files, vocabulary)
    findings = list(checked.findings)
    context = FOLDER / case / "context.txt"
    if context.exists():
        conversations = [lower_scenario(scenario, vocabulary) for scenario in checked.scenarios()]
        findings += too_long(conversations, int(context.read_text(encoding="utf-8")), None)
    text = render_text(findings, {path: data.decode() for path, data in files.items()}) or "no findings"
    return f"{text}\n", {finding.code for finding in findings}


@pytest.mark.parametrize("case", CASES)
def test_corpus(case: str, update_golden: bool) -> None:
    text, codes = found(case)
    expected = FOLDER / case / "expected.txt"
    if update_golden:
        expected.write_text(text, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == text
    assert (case[:5].upper() in codes) == case.endswith("trigger")
