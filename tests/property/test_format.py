"""The formatter keeps what a scenario means, whatever form it was written in."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from loresmith.check.file import compile_source
from loresmith.format.meaning import meaning_of
from loresmith.format.scenario import write_scenario
from loresmith.format.source import format_text
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import load_vocabulary

from tests.property.strategies import PATH, scenarios
from tests.property.surface import surfaces

VOCABULARY = load_vocabulary()
ROOT = Path(__file__).parents[2]
GOLDEN = (p for p in ROOT.glob("tests/golden/front_end/*/input.md") if p.parent.name != "sc101-trigger")
WRITTEN = sorted([*ROOT.glob("ai-training/scenarios/**/*.md"), *GOLDEN])
SLOW = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much),
    derandomize=True,
)


@SLOW
@given(scenarios())
def test_what_is_written_reads_back_as_it_was(scenario: Scenario) -> None:
    text = write_scenario(scenario, VOCABULARY)
    compiled = compile_source(PATH, text.encode(), VOCABULARY)
    assert compiled.scenario is not None, f"{text}\n{compiled.findings}"
    assert meaning_of(compiled.scenario) == meaning_of(scenario)
    assert format_text(PATH, text, VOCABULARY).text == text


@SLOW
@given(st.data())
def test_formatting_never_changes_what_a_text_means(data: st.DataObject) -> None:
    text = data.draw(surfaces(data.draw(scenarios())))
    compiled = compile_source(PATH, text.encode(), VOCABULARY)
    assume(compiled.scenario is not None)
    require_kept(PATH, text)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.parent.name + "/" + path.stem)
def test_written_files_keep_their_meaning(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if compile_source(PATH, text.encode(), VOCABULARY).scenario is None:
        assert format_text(PATH, text, VOCABULARY).text is None
    else:
        require_kept(PATH, text)


def require_kept(path: str, text: str) -> None:
    """The canonical form means the same, is its own canonical form, and has every comment."""
    formatted = format_text(path, text, VOCABULARY).text
    assert formatted is not None, text
    before, after = (compile_source(path, t.encode(), VOCABULARY).scenario for t in (text, formatted))
    assert before is not None
    assert after is not None
    assert meaning_of(after) == meaning_of(before)
    assert format_text(path, formatted, VOCABULARY).text == formatted
    assert comments(formatted) == comments(text)


def comments(text: str) -> Counter[str]:
    return Counter(re.findall(r"<!--.*?-->", text.replace("\r\n", "\n"), re.S))
