"""The bootstrap as a user meets it: arguments, exit codes, signals, killed set-ups, what machines lack."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.setup.project import TinyProject, make_project, write_wheel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and scripts of POSIX")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    """A project whose environment is made; the tests that use it leave it whole."""
    project = make_project(tmp_path_factory.mktemp("ready"))
    done = project.run("plan")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    """A project without an environment."""
    return make_project(tmp_path)


@pytest.fixture
def emptied(ready: TinyProject, project: TinyProject) -> TinyProject:
    """A project with another's environment, which doesn't count as its own yet."""
    shutil.copytree(ready.venv, project.venv, symlinks=True, ignore=shutil.ignore_patterns("loresmith.stamp"))
    return project


@pytest.fixture
def half_made(project: TinyProject) -> Iterator[subprocess.Popen[str]]:
    """A set-up that waits for a package index that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        process = project.start("plan", PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL=index)
        yield process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_first_start_installs_and_second_is_silent(ready: TinyProject) -> None:
    again = ready.run("plan", "tiny")
    assert again.returncode == 0
    assert again.stderr == ""
    lines = again.stdout.splitlines()
    assert lines[0] == "arguments ['plan', 'tiny']"
    assert lines[1].startswith(f"tiny {ready.venv}")
    assert len(lines) == 2


def test_second_start_adds_under_a_second(ready: TinyProject) -> None:
    def seconds(command: list[str]) -> float:
        started = time.perf_counter()
        subprocess.run(command, env=ready.environment(), check=True, capture_output=True)
        return time.perf_counter() - started

    python = str(ready.venv / "bin" / "python")
    direct = min(seconds([python, "-m", "loresmith", "plan"]) for _ in range(3))
    through_node = min(seconds(ready.command("plan")) for _ in range(3))
    assert through_node - direct < 1


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (["train", "--", "--recipe", "smoke"], ["train", "--recipe", "smoke"]),
        (["train", "smoke"], ["train", "smoke"]),
        (["lint", "--", "--", "-odd name.md"], ["lint", "--", "-odd name.md"]),
        (["train", "smoke", "--", "x"], ["train", "smoke", "--", "x"]),
    ],
)
def test_arguments_pass_through_and_one_leading_dashes_is_dropped(
    ready: TinyProject, given: list[str], passed: list[str]
) -> None:
    assert ready.run(*given).stdout == f"arguments {passed}\n"


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (["data", "stats", "--", "--json"], ["data", "stats", "--json"]),
        (["lint", "--", "--quiet", "--", "-odd name.md"], ["lint", "--quiet", "--", "-odd name.md"]),
    ],
)
def test_of_pnpm_the_first_dashes_are_dropped(
    ready: TinyProject, given: list[str], passed: list[str]
) -> None:
    done = ready.run(*given, npm_config_user_agent="pnpm/10.0.0 npm/? node/v20.0.0 linux x64")
    assert done.stdout == f"arguments {passed}\n"


def test_golden_files_that_npm_kept_from_us_are_not_tested_instead(ready: TinyProject) -> None:
    done = ready.run("test", npm_config_update_golden="true")
    assert done.returncode == 2
    assert "npm test -- --update-golden" in done.stderr


def test_npm_has_dropped_its_dashes_already(ready: TinyProject) -> None:
    (ready.root / "package.json").write_text('{"scripts": {"lint": "node bootstrap/run.mjs lint"}}')
    command = ["npm", "run", "-s", "lint", "--", "--quiet", "--", "-odd name.md"]
    done = subprocess.run(
        command, cwd=ready.root, env=ready.environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout == "arguments ['lint', '--quiet', '--', '-odd name.md']\n", done.stderr


def test_no_command_is_a_wrong_call(ready: TinyProject) -> None:
    done = ready.run()
    assert done.returncode == 2
    assert "no command" in done.stderr


@pytest.mark.parametrize("code", [1, 2, 3])
def test_exit_code_is_passed_on(ready: TinyProject, code: int) -> None:
    assert ready.run("fail", str(code)).returncode == code


def test_console_script_runs_from_anywhere(ready: TinyProject, tmp_path: Path) -> None:
    script = ready.venv / "bin" / "loresmith"
    done = subprocess.run([script, "plan"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "arguments ['plan']\n"


@pytest.mark.parametrize("to", [os.kill, os.killpg], ids=["node alone", "the whole group"])
def test_interrupt_lets_python_finish_and_ends_130(
    ready: TinyProject, to: Callable[[int, int], None]
) -> None:
    process = ready.start("train", "wait")
    _read_until(process, "waiting")
    to(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert "put away" in output
    assert process.returncode == 130


@pytest.mark.parametrize("starter", ["node", "npm"])
def test_ctrl_c_on_a_terminal_interrupts_once(ready: TinyProject, starter: str) -> None:
    (ready.root / "package.json").write_text('{"scripts": {"train": "node bootstrap/run.mjs train"}}')
    command = ready.command("train") if starter == "node" else ["npm", "run", "train"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ready.root)
        os.execvpe(command[0], [*command, "wait"], ready.environment())
    _read_terminal(terminal, "waiting")
    os.write(terminal, b"\x03")
    output = _read_terminal(terminal, "put away")
    assert "Traceback" not in output
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    # npm ends by the signal itself, which a shell shows as 130, too.
    assert code == (130 if starter == "node" else -signal.SIGINT)


def test_terminate_reaches_python(ready: TinyProject) -> None:
    process = ready.start("train", "wait")
    _read_until(process, "waiting")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM


def test_another_checkout_takes_over_an_environment_silently(ready: TinyProject, tmp_path: Path) -> None:
    other = make_project(tmp_path)
    venv = tmp_path / "kept elsewhere"
    shutil.copytree(ready.venv, venv, symlinks=True)
    done = other.run("plan", LORESMITH_VENV=str(venv))
    assert done.returncode == 0, done.stderr
    path_file = next(venv.glob("lib/python*/site-packages/loresmith-source.pth"))
    assert path_file.read_text().strip() == str(other.root / "compiler")
    assert not other.venv.exists()


def test_changed_lock_is_installed(emptied: TinyProject) -> None:
    project = emptied
    assert project.run("plan").returncode == 0
    write_wheel(project.index, "second_package", "2.0")
    (project.root / "requirements.lock").write_text("tiny-package==1.0\nsecond-package==2.0\n")
    done = project.run("plan")
    assert done.returncode == 0
    assert "installed second_package-2.0" in done.stdout
    assert list(project.venv.glob("lib/python*/site-packages/second_package"))


def test_killed_set_up_goes_on(project: TinyProject, half_made: subprocess.Popen[str]) -> None:
    _read_until(half_made, "Making a Python")
    _wait_for(lambda: (project.root / "ai-training" / "build" / "setup.log").stat().st_size > 0)
    os.killpg(half_made.pid, signal.SIGKILL)
    half_made.wait()
    assert not (project.venv / "loresmith.stamp").exists()
    started = time.monotonic()
    assert project.run("plan", "tiny").returncode == 0
    # The killed one's pip would wait a minute and more for its index: it must have gone with it.
    assert time.monotonic() - started < 30


def test_interrupted_set_up_ends_130_and_leaves_no_pip(
    project: TinyProject, half_made: subprocess.Popen[str]
) -> None:
    _read_until(half_made, "Making a Python")
    _wait_for(lambda: (project.root / "ai-training" / "build" / "setup.log").stat().st_size > 0)
    os.kill(half_made.pid, signal.SIGINT)
    output, _ = half_made.communicate(timeout=20)
    assert half_made.returncode == 130
    assert "The same command goes on" in output
    assert "Traceback" not in output
    assert not (project.venv / "loresmith.stamp").exists()
    done = project.run("plan", "tiny")
    assert done.returncode == 0
    assert "waiting for it" not in done.stdout


def test_cut_off_package_is_installed_again(emptied: TinyProject) -> None:
    project = emptied
    next(project.venv.glob("lib/python*/site-packages/tiny_package/__init__.py")).unlink()
    done = project.run("plan", "tiny")
    assert done.returncode == 0, done.stderr
    assert "tiny_package-1.0 was cut off" in done.stdout


def test_two_set_ups_at_once(project: TinyProject) -> None:
    both = [project.start("plan", "tiny") for _ in range(2)]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("Making a Python" in output for output in outputs) == 1


def test_unreachable_index(emptied: TinyProject) -> None:
    project = emptied
    (project.root / "requirements.lock").write_text("other-package==1.0\n")
    dead = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1", "PIP_RETRIES": "1"}
    done = project.run("plan", PIP_NO_INDEX="", PIP_FIND_LINKS="", **dead)
    assert done.returncode == 3
    assert "the package index can't be reached" in done.stderr
    assert "pip config list" in done.stderr
    assert "setup.log" in done.stderr
    assert not (project.venv / "loresmith.stamp").exists()


def test_missing_pin(emptied: TinyProject) -> None:
    project = emptied
    (project.root / "requirements.lock").write_text("tiny-package==9.9\n")
    done = project.run("plan")
    assert done.returncode == 3
    assert "there is no tiny-package==9.9 for Python" in done.stderr


def test_no_python(project: TinyProject, tmp_path: Path) -> None:
    done = project.run("plan", PATH=_path_with(tmp_path, "node"))
    assert done.returncode == 3
    assert "needs Python 3.11 or newer; none was found" in done.stderr
    assert "apt install python3" in done.stderr or "brew" in done.stderr or "dnf" in done.stderr


def test_python_too_old(project: TinyProject, tmp_path: Path) -> None:
    path = _path_with(tmp_path, "node")
    old = Path(path) / "python3"
    old.write_text("#!/bin/sh\necho 3 9\n")
    old.chmod(0o755)
    done = project.run("plan", PATH=path)
    assert done.returncode == 3
    assert "python3 is 3.9" in done.stderr


def test_named_python_wins_and_must_run(project: TinyProject) -> None:
    done = project.run("plan", LORESMITH_PYTHON="/nowhere/python")
    assert done.returncode == 3
    assert "LORESMITH_PYTHON=/nowhere/python doesn't run" in done.stderr


def test_named_python_is_used(project: TinyProject, tmp_path: Path) -> None:
    done = project.run("plan", LORESMITH_PYTHON=sys.executable, PATH=_path_with(tmp_path, "node"))
    assert done.returncode == 0, done.stderr


def test_file_in_the_way(project: TinyProject) -> None:
    (project.root / "ai-training").mkdir()
    (project.root / "ai-training" / "build").write_text("in the way")
    done = project.run("plan")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def _path_with(folder: Path, *programs: str) -> str:
    """A PATH that has only these programs."""
    binaries = folder / "bin"
    binaries.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found
        (binaries / program).symlink_to(found)
    return str(binaries)


def _read_until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    pytest.fail(f"it ended without saying {text!r}")


def _read_terminal(terminal: int, text: str) -> str:
    """What a terminal shows up to and with `text`."""
    shown = ""
    while text not in shown:
        assert select.select([terminal], [], [], 30)[0], shown
        shown += os.read(terminal, 1024).decode()
    return shown


def _wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail("it didn't happen in time")
