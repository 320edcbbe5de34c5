"""Causes and remedies told from recorded output of pip."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from diagnosis import compiler_command, diagnose, venv_command

RECORDED = Path(__file__).with_name("pip_output")


@pytest.mark.parametrize(
    ("name", "cause", "remedy"),
    [
        ("no-compiler", "there is no C++ compiler", compiler_command()),
        ("full-disk", "the disk is full", "Free 4 GB"),
        ("refused", "the package index can't be reached", "pip config list"),
        ("no-name", "the package index can't be reached", "pip config list"),
        ("index-without-answer", "offers no six==1.17.0", "Check the network"),
        ("other-hash", "differs from the pinned one", "pip cache purge"),
    ],
)
def test_recorded_failures(name: str, cause: str, remedy: str) -> None:
    told = diagnose((RECORDED / f"{name}.txt").read_text(encoding="utf-8"))
    assert cause in told[0]
    assert remedy in told[1]
    assert "same command again" in told[1]


def test_version_that_is_not_there_names_this_python() -> None:
    line = "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: 2.1)"
    cause, remedy = diagnose(line)
    assert cause == f"there is no torch==2.13.0 for Python {platform.python_version()} on this machine."
    assert "LORESMITH_PYTHON" in remedy


def test_network_hiccup_that_was_got_over_is_not_the_cause() -> None:
    hiccup = "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError'\n"
    cause, _ = diagnose(hiccup + (RECORDED / "no-compiler.txt").read_text(encoding="utf-8"))
    assert "compiler" in cause


def test_unknown_failure_is_told_in_pips_own_last_error() -> None:
    cause, remedy = diagnose("Collecting x\nERROR: something new happened\n\nnote: a note\n")
    assert cause == "something new happened"
    assert "log" in remedy


def test_failure_without_output() -> None:
    assert diagnose("")[0] == "pip said nothing"


@pytest.mark.parametrize(
    ("system", "program"),
    [("Darwin", "xcode-select --install"), ("Windows", "winget install"), ("Linux", "sudo ")],
)
def test_compiler_command_of_each_platform(system: str, program: str) -> None:
    assert compiler_command(system).startswith(program)


def test_debian_ships_environments_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_program(_name: str) -> None:
        """Nothing is installed."""

    monkeypatch.setattr("shutil.which", no_program)
    assert venv_command("3.12.1", "Linux").startswith("sudo apt install python3.12-venv")
    assert venv_command("3.12.1", "Darwin").startswith("Install Python 3.12")
