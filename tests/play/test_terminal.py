"""`loresmith play` as people and pipes run it, with a tiny true model."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loresmith.check.file import compile_source
from loresmith.store.files import sha256_of

from tests.play.chain_model import write_chain_model
from tests.play.scripted import PARTY, VOCABULARY

ROOM = ("--context", "8192", "--seed", "3")
"""The tiny model reads a letter as a token."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one scenario and one delivered model."""
    root = tmp_path_factory.mktemp("project")
    scenarios, version = root / "ai-training/scenarios/combat", root / "ai-training/models/chain/v1"
    scenarios.mkdir(parents=True)
    version.mkdir(parents=True)
    (scenarios / "party.md").write_bytes(PARTY.read_bytes())
    write_chain_model(version / "chain.gguf")
    (version / "model-metadata.json").write_text(json.dumps(metadata_of(version / "chain.gguf")))
    return root


def metadata_of(model: Path) -> dict[str, object]:
    """What a delivered version says of itself; its recipe has a tools file of its own."""
    return {
        "name": "chain", "version": "v1", "target": "llama.cpp", "base": {"name": "chain"},
        "app": {"model": model.name},
        "files": {model.name: {"bytes": model.stat().st_size, "sha256": sha256_of(model)}},
        "training": {"best_eval_loss": 1.0}, "scores": {"q8_0": {"call_valid": 1.0}},
        "recipe": {
            "name": "chain", "base": {"path": "base"}, "target": "llama.cpp", "data": {"tools": "own/tools.yaml"},
            "validate": {"tool_call_exact": 0.5},
        },
    }  # fmt: skip


def played(root: Path, said: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loresmith", "play", *arguments]
    return subprocess.run(
        command, cwd=root, input=said, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_a_game_through_a_pipe(project: Path) -> None:
    said = "I look.\n/stat\n/undo\n/undo\nI listen.\n/retry\n/save\n/save\n/save game.md\n/save game.md\n"
    done = played(project, said, *ROOM, "--dc", "12")
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert "chain.gguf, combat/party, seed 3." in out
    assert "> I look.\nYou look round. [roll: perception]\n  = perception: " in out
    assert "vs DC 12" in out
    assert "There is no command /stat.\nDid you mean /state?" in out
    assert "Taken back: I look.\n> /undo\nThere is nothing to take back." in out
    assert "Saved ai-training/played/party-1.md; lint finds nothing." in out
    assert "Saved ai-training/played/party-2.md; lint finds nothing." in out
    assert "Saved game.md; lint finds nothing." in out
    compiled = compile_source("game.md", (project / "game.md").read_bytes(), VOCABULARY)
    assert compiled.scenario is not None
    assert [turn.role for turn in compiled.scenario.turns] == ["user", "dm"]
    assert (project / "game.md").read_text().count("[roll: perception]") == 4


def test_the_same_seed_is_the_same_game(project: Path) -> None:
    games = [played(project, "I look.\n/state\n", "chain/v1", *ROOM).stdout for _ in range(2)]
    assert games[0] == games[1]
    assert "= perception: " in games[0]


def test_a_place_where_nothing_can_be_saved_ends_no_game(project: Path) -> None:
    bad = "".join(f"/save {name}\n" for name in ("n" * 300, "a\0b.md", "party-1.md/x.md"))
    (project / "party-1.md").touch()
    done = played(project, f"I look.\n{bad}/save late.md\n", *ROOM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("No file can be written there: ") == 3
    assert "Saved late.md; lint finds nothing." in done.stdout


def test_nothing_to_save_and_odd_bytes(project: Path) -> None:
    command = [sys.executable, "-m", "loresmith", "play", *ROOM]
    said = b"/save\n\n   \n\xff\xfe <end_of_turn> `` # User\n/save odd.md\n/quit\nNot read.\n"
    done = subprocess.run(command, cwd=project, input=said, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"There is nothing to save yet." in done.stdout
    assert b"Saved odd.md; lint finds nothing." in done.stdout
    assert b"Not read" not in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes streams")
@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_a_closed_stream_is_an_ended_one(project: Path, closed: str) -> None:
    command = ["sh", "-c", f'"$@" {closed}', "sh", sys.executable, "-m", "loresmith", "play", *ROOM]
    done = subprocess.run(
        command, cwd=project, input=b"/quit\n", capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("chian",), 2, "There is no model named 'chian'.\n  help: Did you mean chain?"),
        (("chain/v9",), 2, "chain has no version 'v9'.\n  help: Versions: v1."),
        (("none.gguf",), 2, "none.gguf: error: There is no such model file."),
        (("chain", "--scenario", "none.md"), 2, "none.md: error: There is no such scenario file."),
        (("chain", "--scenario", "bad.md"), 1, "bad.md: error: This scenario has errors."),
        (("chain", "--dc", "-3"), 2, "There is no DC of -3."),
        (("chain", "--dc", "1000000000"), 2, "Name one from 0 to 999999999."),
        (("chain", "--context", "100"), 2, "A context of 100 tokens is too short."),
        (("text.gguf",), 1, "text.gguf: error: This isn't a GGUF model file."),
    ],
)
def test_what_cant_be_played(project: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    (project / "bad.md").write_text("# User\n\nHello.\n")
    (project / "text.gguf").write_text("not a model")
    done = played(project, "I look.\n", *arguments)
    assert (done.returncode, done.stderr.count("Traceback")) == (code, 0)
    assert says in done.stderr


def test_an_empty_project(tmp_path: Path) -> None:
    done = played(tmp_path, "")
    assert done.returncode == 1
    assert "No model has been delivered yet.\n  help: Run: loresmith train" in done.stderr


def in_terminal(root: Path, keys: list[tuple[str, bytes]]) -> tuple[str, int]:
    """What a terminal of 60 columns shows when each key is pressed once its cue is seen; and the exit code."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(root)
        os.environ.update(COLUMNS="60", TERM="xterm-256color")
        os.execv(sys.executable, [sys.executable, "-m", "loresmith", "play", "chain", *ROOM])
    shown, seen, until = "", 0, time.monotonic() + 20
    while time.monotonic() < until:
        if keys and keys[0][0] in shown[seen:]:
            seen = len(shown)
            # A person is slower than the line editor that the cue announces.
            time.sleep(0.3)
            os.write(terminal, keys.pop(0)[1])
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 4096).decode(errors="replace")
            except OSError:
                break
    if time.monotonic() >= until:
        os.kill(process, signal.SIGKILL)
    return shown, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_a_terminal(project: Path) -> None:
    shown, code = in_terminal(project, [("> ", b"I look.\r"), ("> ", b"/state\r"), ("> ", b"\x04")])
    assert code == 0
    assert "\x1b[1;36m[roll:" in shown
    assert "\x1b[32m  = perception: " in shown
    assert shown.count("24/28") == 2


def test_ctrl_c_at_the_prompt(project: Path) -> None:
    shown, code = in_terminal(project, [("> ", b"\x03")])
    assert code == 130
    assert "Traceback" not in shown


def test_a_model_has_the_tools_that_it_was_trained_with(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path / "own")
    (tmp_path / "own" / "own").mkdir()
    (tmp_path / "own" / "own" / "tools.yaml").write_text("remove: [roll]\n")
    assert "There is no tool" not in played(project, "I look.\n", *ROOM).stdout
    assert "There is no tool 'roll'" in played(tmp_path / "own", "I look.\n", *ROOM).stdout


def test_a_delivered_file_that_was_changed_isnt_played_with(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path / "changed")
    file = tmp_path / "changed" / "ai-training/models/chain/v1/chain.gguf"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    done = played(tmp_path / "changed", "I look.\n", *ROOM)
    assert done.returncode == 1
    assert "was changed since it was built" in done.stderr
