"""The process: how it begins, how it ends, what it does with messages that are none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_broken_messages(tmp_path: Path) -> None:
    bodies = [
        b"{",
        b'"text"',
        b'{"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": 3}',
        json.dumps(
            {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {"capabilities": {}}}
        ).encode(),
        b'{"jsonrpc": "2.0", "id": 3, "method": "shutdown"}',
        b'{"jsonrpc": "2.0", "method": "exit"}',
    ]
    data = b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
    command = [sys.executable, "-m", "loresmith", "lsp"]
    done = subprocess.run(command, input=data, capture_output=True, check=False, cwd=tmp_path, timeout=60)
    assert done.returncode == 0
    assert b'"hoverProvider"' in done.stdout
    assert b'"id":3,' in done.stdout.replace(b" ", b"")


def test_the_end_of_the_input_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loresmith", "lsp"]
    done = subprocess.run(command, input=b"", capture_output=True, check=False, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stdout) == (1, b"")


def test_without_pygls(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pygls'] = None; "
        "from loresmith.commands.entry import exit_code_of; sys.exit(exit_code_of(['lsp']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 3
    assert 'pip install "pygls>=2.1"' in done.stderr
    assert "Traceback" not in done.stderr


def test_lint_loads_nothing_of_it(tmp_path: Path) -> None:
    code = (
        "import sys; from loresmith.commands.entry import exit_code_of; "
        "assert (exit_code_of(['init']), exit_code_of(['lint'])) == (0, 0); "
        "assert not {'pygls', 'lsprotocol', 'asyncio'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


def test_without_standard_input(tmp_path: Path) -> None:
    code = (
        "import sys; sys.stdin = None; "
        "from loresmith.commands.entry import exit_code_of; sys.exit(exit_code_of(['lsp']))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert "There is no standard input" in done.stderr
