"""Discovered tools, as data: scenarios, and the entries that are proposed for what they call."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.discover.uses import UsedArgument
from loresmith.discover.values import infer_type
from loresmith.ir.vocabulary import load_vocabulary

FOLDER = Path(__file__).parent / "discover"
CASES = sorted(path.name for path in FOLDER.iterdir())
UNCLEAN = {"odd": 2}
"""Cases with calls that no entry can cover, and how many."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_what_is_proposed_is_right_when_pasted(
    case: str, project: Path, capsys: pytest.CaptureFixture[str], update_golden: bool
) -> None:
    scenarios = project / "ai-training" / "scenarios" / "combat"
    shutil.copytree(FOLDER / case, scenarios, ignore=shutil.ignore_patterns("*.yaml"))
    assert exit_code_of(["lint"]) == 1
    capsys.readouterr()
    assert exit_code_of(["tools", "discover"]) == 0
    proposed = capsys.readouterr().out
    expected = FOLDER / case / "expected.yaml"
    if update_golden:
        expected.write_text(proposed, encoding="utf-8")
    assert proposed == expected.read_text(encoding="utf-8")
    (project / "ai-training" / "tools.yaml").write_text(proposed, encoding="utf-8")
    assert exit_code_of(["tools", "check"]) == 0
    capsys.readouterr()
    left = UNCLEAN.get(case, 0)
    assert exit_code_of(["lint", "--strict"]) == (1 if left else 0)
    assert capsys.readouterr().out.count(": SC30") == left == proposed.count("# not covered: ")


def test_nothing_is_discovered_where_every_call_is_declared(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["init"]) == 0
    capsys.readouterr()
    assert exit_code_of(["tools", "discover"]) == 0
    assert "every call is declared" in capsys.readouterr().out


def test_wrong_paths_and_bytes_are_wrong_calls(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["tools", "discover", "nowhere"]) == 2
    (project / "bad.md").write_bytes(b"# SYSTEM\n\xff")
    assert exit_code_of(["tools", "discover", "bad.md"]) == 2
    assert "bad.md: error: The file isn't UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "inferred"),
    [
        ("+1 -2", {"type": "integer", "sign": "required"}),
        ("+1 2", {"type": "integer"}),
        ("1d6 2D6+1", {"type": "choice", "dice": True}),
        ("1d6 0d6", {"type": "text"}),
        ("rain", {"type": "text"}),
        ("rain Rain", {"type": "choice", "values": ["rain"]}),
        ("a b c d e f a b c d e f", {"type": "choice", "values": list("abcdef")}),
        ("a b c d e f g a b c d e f g", {"type": "text"}),
        ("rain rain 1d4", {"type": "choice", "values": ["rain"], "dice": True}),
        ("@Lyra @player", {"type": "name"}),
        ("@Lyra @player ~goblin", {"type": "name"}),
        ("@Lyra ~goblin", {"type": "text"}),
        ("@Lyra @Lyra goblin", {"type": "text"}),
    ],
)
def test_types_are_inferred_from_all_values(values: str, inferred: dict[str, object]) -> None:
    """`@` marks a party member, `~` a creature that the text has shown."""
    arguments = [
        UsedArgument(None, value.lstrip("@~"), value[0] == "@", value[0] == "~") for value in values.split()
    ]
    assert infer_type(arguments) == inferred


def test_every_case_declares_what_was_unknown() -> None:
    for case in CASES:
        own = load_vocabulary(FOLDER / case / "expected.yaml")
        assert len(own.tools) > len(load_vocabulary().tools)
