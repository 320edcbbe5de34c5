"""`loresmith fmt`: what is written, what is said, and the exit codes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of

GOLDEN = Path(__file__).parents[1] / "golden" / "format" / "labels-and-one-line-members"
BEFORE = (GOLDEN / "before.md").read_bytes()
AFTER = (GOLDEN / "after.md").read_bytes()
BROKEN = b"# SYSTEM\n\n# User\n\nhi\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a file of each kind: to be formatted, canonical, broken, not text."""
    monkeypatch.chdir(tmp_path)
    scenarios = tmp_path / "ai-training" / "scenarios" / "combat"
    scenarios.mkdir(parents=True)
    (scenarios / "loose.md").write_bytes(BEFORE.replace(b"\n", b"\r\n"))
    (scenarios / "canonical.md").write_bytes(AFTER)
    return scenarios


def test_files_are_rewritten_where_something_changes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    untouched = (folder / "canonical.md").stat().st_mtime_ns
    assert exit_code_of(["fmt"]) == 0
    assert (folder / "loose.md").read_bytes() == AFTER
    assert (folder / "canonical.md").stat().st_mtime_ns == untouched
    assert capsys.readouterr().out == "ai-training/scenarios/combat/loose.md\n"
    assert exit_code_of(["fmt", "--check"]) == 0


def test_check_and_diff_write_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose = (folder / "loose.md").read_bytes()
    assert exit_code_of(["fmt", "--check"]) == 1
    assert exit_code_of(["fmt", "--diff"]) == 0
    shown = capsys.readouterr().out
    assert "+# DM\n" in shown
    assert "--- ai-training/scenarios/combat/loose.md\n" in shown
    assert (folder / "loose.md").read_bytes() == loose


@pytest.mark.parametrize("data", [BROKEN, b"\xff\xfe\x00", b""])
def test_a_file_with_errors_is_left_and_named_and_others_are_still_formatted(
    folder: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.md").write_bytes(data)
    assert exit_code_of(["fmt"]) == 1
    assert (folder / "broken.md").read_bytes() == data
    assert (folder / "loose.md").read_bytes() == AFTER
    said = capsys.readouterr().err
    assert "broken.md: left as it is; mend the errors first." in said
    assert "broken.md:1:1: SC" in said


def test_what_the_canonical_form_cannot_say_is_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Behind its label the body is text; on a line of its own it would be a heading."""
    odd = "# SYSTEM\nRole: # One\nParty:\n- Bo (Elf Bard, Level 2, HP: 5)\n\n**User:** hi\n\n**DM:** yo\n"
    (folder / "odd.md").write_text(odd)
    assert exit_code_of(["fmt", str(folder / "odd.md")]) == 1
    assert "odd.md: left as it is: in the canonical form it would mean" in capsys.readouterr().err
    assert (folder / "odd.md").read_text() == odd


def test_standard_input_is_formatted_to_standard_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for data, code, out in ((BEFORE, 0, AFTER), (BROKEN, 1, b"")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert exit_code_of(["fmt", "-"]) == code
        assert capsys.readouterr().out == out.decode()


def test_a_missing_path_is_a_wrong_call(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["fmt", "nowhere"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_closed_standard_input_is_a_wrong_call(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert exit_code_of(["fmt", "-"]) == 2
    assert "There is no standard input" in capsys.readouterr().err


def test_a_form_feed_ends_no_line_of_a_difference(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "loose.md").write_bytes(BEFORE.replace(b"A panel shifts.", b"A\x0cpanel shifts."))
    assert exit_code_of(["fmt", "--diff", "--quiet"]) == 0
    shown = capsys.readouterr()
    assert "A\x0cpanel shifts.\n" in shown.out
    assert "No newline at end of file" not in shown.out
    assert not shown.err


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes are POSIX")
@pytest.mark.parametrize("command", [["fmt"], ["lint", "--fix"]])
def test_a_link_stays_a_link_and_a_file_keeps_its_mode(folder: Path, command: list[str]) -> None:
    (folder / "canonical.md").unlink()
    elsewhere = folder.parents[2] / "draft.md"
    (folder / "loose.md").rename(elsewhere)
    elsewhere.chmod(0o600)
    (folder / "linked.md").symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    assert exit_code_of(command) == 0
    assert (folder / "linked.md").is_symlink()
    assert elsewhere.read_bytes() != before
    assert elsewhere.stat().st_mode & 0o777 == 0o600
