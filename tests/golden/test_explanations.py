"""Every code is explained, its example has the finding, and the pages in docs/diagnostics are those of the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.check.file import compile_source
from loresmith.commands.entry import exit_code_of
from loresmith.diagnostics.codes import CODES
from loresmith.diagnostics.explanation import Within, explanations, index_page, page_of
from loresmith.ir.vocabulary import load_vocabulary

PAGES = Path(__file__).parents[2] / "docs" / "diagnostics"
SYSTEM = """## Role

You are the Dungeon Master.

## World

The coast.

## Location

A crypt.

## Party

- **Lyra** (player): Elf Ranger, level 3
  - Health: 24/28
  - Inventory: longbow, rope (50 ft)
  - Skills: perception +5, stealth +7"""
TURNS = "# User\n\nI look around.\n\n# DM\n\nDust."
SEVERAL_FILES = {"SC501", "SC502", "SC503", "SC504", "SC506"}


def whole(within: Within, text: str) -> str:
    """A scenario with the text at its place."""
    if within == "file":
        return text
    system = text if within == "system" else SYSTEM
    turns = {"dm": f"# User\n\nI look around.\n\n# DM\n\n{text}", "turns": text, "system": TURNS}[within]
    return f"# SYSTEM\n\n{system}\n\n{turns}\n"


def codes_in(text: str) -> list[str]:
    compiled = compile_source("scenarios/combat/a.md", text.encode(), load_vocabulary())
    return [finding.code for finding in compiled.findings]


def test_every_code_is_explained() -> None:
    assert list(explanations()) == list(CODES)
    assert {code for code, entry in explanations().items() if entry.within is None} == SEVERAL_FILES


@pytest.mark.parametrize("code", sorted(set(CODES) - SEVERAL_FILES))
def test_the_example_has_the_finding_and_what_is_mended_has_none(code: str) -> None:
    explained = explanations()[code]
    assert explained.within is not None
    assert set(codes_in(whole(explained.within, explained.example))) == {code}
    assert codes_in(whole(explained.within, explained.fixed)) == []


@pytest.mark.parametrize("code", CODES)
def test_the_page_is_the_tables(code: str, update_golden: bool) -> None:
    page = PAGES / f"{code}.md"
    if update_golden:
        page.parent.mkdir(exist_ok=True)
        page.write_text(page_of(code), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == page_of(code), "stale: pytest --update-golden rewrites it"


def test_the_index_is_the_tables(update_golden: bool) -> None:
    index = PAGES / "README.md"
    if update_golden:
        index.write_text(index_page(), encoding="utf-8")
    assert index.read_text(encoding="utf-8") == index_page(), "stale: pytest --update-golden rewrites it"
    assert {path.stem for path in PAGES.glob("SC*.md")} == set(CODES)


def test_explain_shows_a_page_and_lists_the_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["explain", "sc401"]) == 0
    assert capsys.readouterr().out == page_of("SC401")
    assert exit_code_of(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CODES)
    assert exit_code_of(["explain", "sc4"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [code for code in CODES if code.startswith("SC4")]
    assert exit_code_of(["explain", "SC999"]) == 2
    assert "Did you mean" in capsys.readouterr().err
