"""The VS Code extension: which server it starts, and where."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

STUB = Path(__file__).with_name("extension_stub.cjs")
EXTENSION = Path(__file__).parents[2] / "integrations" / "vscode"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with ai-training/ in it."""
    (tmp_path / "ai-training").mkdir()
    return tmp_path


def activated(configured: str, *folders: Path) -> dict[str, Any]:
    command = ["node", str(STUB), str(EXTENSION / "extension.js"), configured, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_projects_own_environment(project: Path) -> None:
    python = project / "ai-training" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    said = activated("", project)
    assert said["servers"] == [
        {"command": str(python), "args": ["-m", "loresmith", "lsp"], "options": {"cwd": str(project)}}
    ]
    assert (said["stopped"], said["errors"]) == (1, [])


def test_the_search_path(project: Path) -> None:
    assert activated("", project)["servers"][0]["command"] == "loresmith"


def test_the_configured_program(project: Path) -> None:
    server = activated("/opt/loresmith", project)["servers"][0]
    assert (server["command"], server["args"]) == ("/opt/loresmith", ["lsp"])


def test_a_workspace_without_a_project(tmp_path: Path, project: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert activated("", other)["servers"] == []
    assert activated("", other, project)["servers"][0]["options"] == {"cwd": str(project)}


def test_a_server_that_cant_be_started(project: Path) -> None:
    said = activated("broken", project)
    assert len(said["errors"]) == 1
    assert "pnpm run doctor" in said["errors"][0]


def test_what_the_manifest_names_is_there() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert manifest["activationEvents"] == ["workspaceContains:ai-training"]
    grammars = manifest["contributes"]["grammars"]
    for path in (manifest["main"], *(grammar["path"] for grammar in grammars)):
        assert (EXTENSION / path).is_file()
    for grammar in grammars:
        scope = json.loads((EXTENSION / grammar["path"]).read_text(encoding="utf-8"))["scopeName"]
        assert scope == grammar["scopeName"]
