"""`lint --fix`, and what the other formats say of fixes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from loresmith.check.file import compile_source
from loresmith.commands.entry import exit_code_of
from loresmith.fix.file import fix_bytes
from loresmith.ir.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
SCHEMA = Path(__file__).parents[1] / "schemas" / "sarif-2.1.0.json"
HEAD = """# SYSTEM

## Role

You are the DM.

## World

W.

## Location

L.

## Party

- **Bo** (player): Elf Bard, level 2
  - Health: 5/5

# User

Hi 🐉.

# DM

"""
FIXES = {
    "a sum": ("[roll: perception]\n\n<TOOLCALL>perception: 3 + 4 = *8*</TOOLCALL>",
              "[roll: perception]\n\n<TOOLCALL>perception: 3 + 4 = *7*</TOOLCALL>"),
    "a sum over lines": ("[roll: perception]\n\n<TOOLCALL>perception: 3\n + 4 = *8*</TOOLCALL>",
                         "[roll: perception]\n\n<TOOLCALL>perception: 3 + 4 = *7*</TOOLCALL>"),
    "an alias": ("🐉 [save: wisdom]", "🐉 [roll: wisdom save]"),
    "spelling": ("[Roll:Perception ,  ADVANTAGE]", "[roll: perception, advantage]"),
    "a result": ("[roll: stealth]\n\n<toolcall>stealth : 3+4 = 7</TOOLCALL>",
                 "[roll: stealth]\n\n<TOOLCALL>stealth: 3 + 4 = *7*</TOOLCALL>"),
    "a result's section": ("[roll: stealth]\n\n# Tool Result\n\nstealth :\n 3+4 = 9\n\n# DM\n\nSo.",
                           "[roll: stealth]\n\n# Tool Result\n\nstealth: 3 + 4 = *7*\n\n# DM\n\nSo."),
    "tags in a result's section": ("[roll: stealth]\n\n# TOOLCALL\n\n<toolcall>stealth : 3+4 = 7</toolcall>",
                                   "[roll: stealth]\n\n# TOOLCALL\n\n<TOOLCALL>stealth: 3 + 4 = *7*</TOOLCALL>"),
    "tags of another name": ("[roll: stealth]\n\n<TOOL_RESULT>stealth: 3 + 4 = *7*</tool result>",
                             "[roll: stealth]\n\n<TOOLCALL>stealth: 3 + 4 = *7*</TOOLCALL>"),
    "one tag of another name": ("[roll: stealth]\n\n<TOOLCALL>stealth: 3 +\n4 = *7*</TOOL-CALL>",
                                "[roll: stealth]\n\n<TOOLCALL>stealth: 3 + 4 = *7*</TOOLCALL>"),
    "no colon": ("[roll perception] and [roll stealth]", "[roll: perception] and [roll: stealth]"),
    "white space": ("[ roll : perception]", "[roll: perception]"),
}  # fmt: skip
UNSAFE = {
    "a doubtful name": "[rol: perception]",
    "no such skill": "[roll percepton]",
    "a missing sign": "[health: Bo, 3]",
    "a total that the outcome fits": "[roll: stealth]\n\n<TOOLCALL>stealth: 13 + 4 = *9* vs DC 15 failure</TOOLCALL>",
    "silenced": "[roll: stealth]\n\n<TOOLCALL>stealth: 3 + 4 = *9*</TOOLCALL> <!-- noqa: SC401 -->",
    "a section with a comment": "[roll: stealth]\n\n# TOOLCALL\n\nstealth : 3+4 = 7 <!-- why? -->",
    "a call in a result's section": "[rest: long]\n\n# TOOLCALL\n\nrest: they [save: wisdom]",
    "in code": "`[save: wisdom]` and \\[save: wisdom]",
}


def everything(_code: str) -> bool:
    return True


@pytest.mark.parametrize("case", FIXES)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_safe_fixes_keep_the_rest_as_it_is(case: str, ends: str) -> None:
    before, after = (f"\ufeff{HEAD}{text}\n".replace("\n", ends).encode() for text in FIXES[case])
    fixed = fix_bytes("a.md", before, VOCABULARY, everything)
    shown = fixed.data.decode()
    assert shown.replace(ends, "\n") == after.decode().replace(ends, "\n")
    assert shown.startswith("\ufeff")
    assert set(shown.replace(ends, "")) & {"\r", "\n"} == set()
    assert fixed.count > 0
    assert fix_bytes("a.md", fixed.data, VOCABULARY, everything).count == 0
    left = compile_source("a.md", fixed.data, VOCABULARY).findings
    assert [f for f in left if f.fixable] == []


@pytest.mark.parametrize("case", UNSAFE)
def test_what_is_doubtful_is_left(case: str) -> None:
    data = f"{HEAD}{UNSAFE[case]}\n".encode()
    assert fix_bytes("a.md", data, VOCABULARY, everything).data == data


def test_only_wanted_codes_are_fixed() -> None:
    data = f"{HEAD}{FIXES['a sum'][0]}\n".encode()
    assert fix_bytes("a.md", data, VOCABULARY, lambda code: code != "SC401").data == data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a file to fix, one with an error besides, and one that isn't text."""
    monkeypatch.chdir(tmp_path)
    scenarios = tmp_path / "ai-training" / "scenarios" / "combat"
    scenarios.mkdir(parents=True)
    (scenarios / "sum.md").write_text(f"{HEAD}{FIXES['a sum'][0]}\n")
    (scenarios / "both.md").write_text(f"{HEAD}[rol: x] {FIXES['an alias'][0]}\n")
    (scenarios / "bytes.md").write_bytes(b"\xff\xfe")
    return scenarios


def test_files_with_other_errors_are_fixed_where_it_is_safe(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["lint", "--fix"]) == 1
    said = capsys.readouterr()
    assert said.err == "2 fixes in 2 files.\n"
    assert "SC401" not in said.out
    assert "SC301" in said.out
    assert "[roll: wisdom save]" in (folder / "both.md").read_text()
    assert (folder / "bytes.md").read_bytes() == b"\xff\xfe"
    exit_code_of(["lint", "--fix"])
    assert capsys.readouterr().err == "Nothing to fix.\n"


def test_json_says_what_is_fixable(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code_of(["lint", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert {f["code"]: f["fixable"] for f in found} == {"SC401": True, "SC301": False, "SC101": False}
    assert {tuple(f) for f in found} == {
        ("path", "line", "column", "end_line", "end_column", "code", "severity", "message", "hint", "fixable")
    }


def test_sarif_is_valid_and_carries_the_fix(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["lint", "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, json.loads(SCHEMA.read_text(encoding="utf-8")))
    results = {result["ruleId"]: result for result in log["runs"][0]["results"]}
    (change,) = results["SC401"]["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"]["text"] == "*7*"
    assert "fixes" not in results["SC301"]


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_unknown_codes_are_a_wrong_call(
    folder: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["lint", option, "SC401,SC901"]) == 2
    assert "Did you mean SC" in capsys.readouterr().err


def test_select_and_ignore_take_beginnings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["lint", "--select", "SC4"]) == 0
    assert "SC401" in capsys.readouterr().out
    assert exit_code_of(["lint", "--ignore", "sc1,SC301", "--strict"]) == 1
    assert exit_code_of(["lint", "--ignore", "SC", "--strict"]) == 0
