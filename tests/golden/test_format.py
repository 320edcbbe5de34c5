"""Readable pairs: a file as somebody wrote it (before.md), and in canonical form (after.md)."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.format.source import format_text
from loresmith.ir.vocabulary import load_vocabulary

FOLDER = Path(__file__).parent / "format"


@pytest.mark.parametrize("case", sorted(path.name for path in FOLDER.iterdir()))
def test_canonical_form(case: str, update_golden: bool) -> None:
    before = (FOLDER / case / "before.md").read_text(encoding="utf-8")
    formatted = format_text(f"scenarios/shopping/{case}.md", before, load_vocabulary())
    assert formatted.text is not None, formatted.findings
    expected = FOLDER / case / "after.md"
    if update_golden:
        expected.write_text(formatted.text, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == formatted.text
