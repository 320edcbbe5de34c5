"""One server for each test module, and an editor on an empty project for each test."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import make_test_lsp_client

from tests.language_server.editor import Editor

REGISTERED: list[str] = []
"""The methods that the server has asked to be told of."""


def _client() -> LanguageClient:
    client = make_test_lsp_client()

    def register(params: types.RegistrationParams) -> None:
        REGISTERED.extend(registration.method for registration in params.registrations)

    client.feature(types.CLIENT_REGISTER_CAPABILITY)(register)
    return client


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "ai-training" / "scenarios" / "combat").mkdir(parents=True)
    (folder / "recipes").mkdir()
    return folder


@pytest_lsp.fixture(
    scope="module",
    config=ClientServerConfig([sys.executable, "-m", "loresmith", "lsp"], client_factory=_client),
)
async def client(lsp_client: LanguageClient, project: Path) -> AsyncGenerator[None]:
    """A server that has been told what VS Code can do."""
    capabilities = client_capabilities("visual-studio-code")
    folder = types.WorkspaceFolder(project.as_uri(), project.name)
    await lsp_client.initialize_session(types.InitializeParams(capabilities, workspace_folders=[folder]))
    yield
    await lsp_client.shutdown_session()


@pytest_asyncio.fixture(loop_scope="module")
async def editor(client: LanguageClient, project: Path) -> AsyncGenerator[Editor]:
    """An editor whose documents are closed at the end."""
    editor = Editor(client, project)
    yield editor
    for uri in list(editor.documents):
        editor.close(uri)
        # What the server says of the closed document isn't to be taken for an answer in the next test.
        await editor.found(uri)
    assert client.messages == []
