"""Tiny bases, made once for all the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.families.tiny import make_folder


@pytest.fixture(scope="session")
def gemma3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny Gemma 3 with its SentencePiece tokenizer."""
    return make_folder("gemma3", tmp_path_factory.mktemp("trim") / "gemma3")


@pytest.fixture(scope="session")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny Qwen 3 with its byte-level tokenizer."""
    return make_folder("qwen3", tmp_path_factory.mktemp("trim") / "qwen3")


@pytest.fixture(params=["gemma3", "qwen3"])
def base(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """One family's name and folder after the other."""
    return request.param, request.getfixturevalue(request.param)
