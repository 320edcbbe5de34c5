"""`loresmith data snapshot` and `diff`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of

from tests.library.begun import scenarios, told


def test_snapshots_tell_what_changed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["data", "diff"]) == 1
    assert exit_code_of(["data", "snapshot"]) == 0
    assert exit_code_of(["data", "snapshot"]) == 0
    assert "Nothing has changed since snapshot 1" in capsys.readouterr().out
    assert exit_code_of(["data", "diff"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\n"
    kept, gone = scenarios(project)
    gone.rename(gone.with_name("moved.md"))
    kept.write_text(kept.read_text().replace("# User\n", "# User\n\nWell,\n", 1))
    assert exit_code_of(["data", "diff", "--json"]) == 0
    found = told(capsys)
    shown = [path.relative_to(project).as_posix() for path in (kept, gone, gone.with_name("moved.md"))]
    assert (found["changed"], found["removed"], found["added"]) == ([shown[0]], [shown[1]], [shown[2]])
    assert exit_code_of(["data", "snapshot"]) == 0
    assert exit_code_of(["data", "diff", "1", "2"]) == 0
    assert f"+ {shown[2]}" in capsys.readouterr().out
    assert exit_code_of(["data", "diff", "7"]) == 2
    assert "Snapshots: 1, 2." in capsys.readouterr().err


def test_snapshots_know_the_projects_tools(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tools = project / "ai-training" / "tools.yaml"
    shown = "ai-training/tools.yaml"
    tools.unlink(missing_ok=True)
    assert exit_code_of(["data", "snapshot"]) == 0
    tools.write_text("remove: [quest]\n")
    capsys.readouterr()
    assert exit_code_of(["data", "diff"]) == 0
    assert f"+ {shown}\n" in capsys.readouterr().out
    assert exit_code_of(["data", "snapshot"]) == 0
    assert capsys.readouterr().out == "Snapshot 2.\n"
    tools.write_text("remove: [quest, spell]\n")
    assert exit_code_of(["data", "diff"]) == 0
    assert f"~ {shown}\n" in capsys.readouterr().out
    tools.unlink()
    assert exit_code_of(["data", "diff"]) == 0
    assert f"- {shown}\n" in capsys.readouterr().out
    assert exit_code_of(["data", "diff", "1"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\n"


def test_only_files_named_by_a_number_are_snapshots(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    folder = project / "ai-training" / "build" / "snapshots"
    for name in ("²", "٣", "07", "copy of 1", "9" * 100):
        (folder / f"{name}.json").write_text("{")
    capsys.readouterr()
    assert exit_code_of(["data", "diff"]) == 0
    assert exit_code_of(["data", "snapshot"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\nNothing has changed since snapshot 1.\n"


def test_a_damaged_snapshot_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    (project / "ai-training" / "build" / "snapshots" / "1.json").write_text("{")
    assert exit_code_of(["data", "diff"]) == 1
    assert "can't be read" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["build", "build/snapshots"])
def test_where_no_snapshot_can_be_kept_it_says_so(
    project: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    file = project / "ai-training" / place
    shutil.rmtree(file, ignore_errors=True)
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    assert exit_code_of(["data", "snapshot"]) == 2
    assert "Nothing can be written there" in capsys.readouterr().err


def test_a_folder_is_no_snapshot(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    (project / "ai-training" / "build" / "snapshots" / "2.json").mkdir()
    capsys.readouterr()
    assert exit_code_of(["data", "snapshot"]) == 0
    assert capsys.readouterr().out == "Nothing has changed since snapshot 1.\n"


def test_which_files_changed_is_told_where_they_dont_compile(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    first, second = scenarios(project)
    first.write_text("# User\n\nHello.\n")
    capsys.readouterr()
    assert exit_code_of(["data", "diff"]) == 1
    said = capsys.readouterr()
    assert said.out == f"~ {first.relative_to(project).as_posix()}\n"
    assert "2 errors in 1 scenario file" in said.err
    first.unlink()
    second.unlink()
    assert exit_code_of(["data", "diff"]) == 2
    said = capsys.readouterr()
    assert said.out == "".join(f"- {path.relative_to(project).as_posix()}\n" for path in (first, second))
    assert "There is no .md file" in said.err
    assert exit_code_of(["data", "diff", "--json"]) == 2
    assert capsys.readouterr().out == ""
