"""The TypeScript compiler, kept between test runs, and llama.cpp with a vocabulary of bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vocabulary.acceptance import ByteVocabulary, write_byte_vocabulary
from tests.vocabulary.typescript import install_compiler


@pytest.fixture(scope="session")
def typescript_compiler(request: pytest.FixtureRequest) -> Path:
    """The compiler; skips where npm can't get it."""
    cache = request.config.cache
    assert cache is not None
    compiler = install_compiler(Path(cache.mkdir("typescript")))
    if compiler is None:
        pytest.skip("npm can't get the TypeScript compiler")
    return compiler


@pytest.fixture(scope="session")
def vocabulary_of_bytes(tmp_path_factory: pytest.TempPathFactory) -> ByteVocabulary:
    """llama.cpp's view of single bytes."""
    return ByteVocabulary(write_byte_vocabulary(tmp_path_factory.mktemp("bytes") / "bytes.gguf"))
