"""Findings for people and machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loresmith.diagnostics.diagnostic import finding
from loresmith.diagnostics.failure import InvalidCall
from loresmith.diagnostics.rendering import render_github, render_json, render_sarif, render_text
from loresmith.diagnostics.span import Span
from loresmith.ir.vocabulary import load_vocabulary

FOUND = finding("a,b.md", "SC301", Span(line=2, column=3, end_line=2, end_column=6), "50% wrong", "Mend it.")


def test_text_puts_the_caret_under_the_span() -> None:
    assert render_text([FOUND], {"a,b.md": "one\r\n\t[rol: x]\r\n"}).splitlines() == [
        "a,b.md:2:3: SC301 error: 50% wrong",
        "    2 | \t[rol: x]",
        "      | \t ^^^",
        "  hint: Mend it.",
    ]


def test_text_without_the_source_has_no_excerpt() -> None:
    assert render_text([FOUND], {}).splitlines() == ["a,b.md:2:3: SC301 error: 50% wrong", "  hint: Mend it."]


def test_json_has_the_documented_keys() -> None:
    keys = [
        "path",
        "line",
        "column",
        "end_line",
        "end_column",
        "code",
        "severity",
        "message",
        "hint",
        "fixable",
    ]
    (found,) = json.loads(render_json([FOUND]))
    assert list(found) == keys
    assert json.loads(render_json([])) == []


def test_github_escapes_what_would_end_a_command() -> None:
    expected = "::error file=a%2Cb.md,line=2,col=3,endLine=2,endColumn=6,title=SC301::50%25 wrong (Mend it.)"
    assert render_github([FOUND]) == expected


def test_sarif_names_rule_and_region() -> None:
    log = json.loads(render_sarif([FOUND]))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]["id"] == "SC301"
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 6}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("tools: [{name: x}]", "'tools.0.description' is missing"),
        (
            "tools: [{name: check, description: d, parameters: [{name: a, type: text}], result: sum}]",
            "'check'",
        ),
        (
            "tools: [{name: x, description: d, parameters: [{name: a, type: choice}], result: sum}]",
            "`values`",
        ),
        ("tools: [{name: x, description: d, parameters: [], result: sum}]", "at least 1 item"),
        ("tols: []", "tols"),
        ("tools: [", "YAML"),
    ],
)
def test_a_projects_tools_are_checked(entry: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "tools.yaml").write_text(entry)
    with pytest.raises(InvalidCall) as caught:
        load_vocabulary(tmp_path / "tools.yaml")
    assert reason in caught.value.message


def test_a_projects_tool_needs_its_entry_and_nothing_else(tmp_path: Path) -> None:
    kinds = "[{name: kind, type: choice, values: [rain]}]"
    entry = f"{{name: weather, description: d, parameters: {kinds}, result: text}}"
    (tmp_path / "tools.yaml").write_text(f"tools: [{entry}]")
    vocabulary = load_vocabulary(tmp_path / "tools.yaml")
    assert vocabulary.tool("Weather") is vocabulary.tools[-1]
    assert len(vocabulary.tools) == len(load_vocabulary().tools) + 1
