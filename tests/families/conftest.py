"""One run of the back end for each family, shared by the session's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import Run, run_back_end


@pytest.fixture(scope="session")
def gemma3(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Tiny Gemma 3 with a global layer after five local ones."""
    return run_back_end("gemma3", tmp_path_factory.mktemp("gemma3"))


@pytest.fixture(scope="session")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Tiny Qwen 3."""
    return run_back_end("qwen3", tmp_path_factory.mktemp("qwen3"))


@pytest.fixture(scope="session")
def gemma3n(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Tiny Gemma 3n of five layers, none of which shares keys and values."""
    return run_back_end("gemma3n", tmp_path_factory.mktemp("gemma3n"))


@pytest.fixture(scope="session")
def gemma3n_sharing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Gemma 3n of 22 layers, of which the last two share the keys and values of earlier ones."""
    folder: Path = tmp_path_factory.mktemp("gemma3n_sharing")
    return run_back_end("gemma3n", folder, ("q8_0",), num_hidden_layers=22, num_kv_shared_layers=2)
