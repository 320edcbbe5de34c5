"""A machine without memory enough for a model is told of as such: no fault of the model file."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from loresmith.diagnostics.failure import EnvironmentFailure, Failure, Rejected
from loresmith.generate.refusal import refusal
from loresmith.generate.session import open_session
from loresmith.process.child import ChildFailed, tells_of_lacking_memory

from tests.play.chain_model import write_chain_model
from tests.play.scripted import PARTY
from tests.play.test_session import ENDLESS, PROMPT

LACKING = (
    "alloc_tensor_range: failed to allocate CPU buffer of size 15360589824\n"
    "llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache",
    "unable to allocate CPU buffer",
    "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\nended by signal 6",
    "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 63.4 MiB for an array",
    "RuntimeError: llama_decode returned -2",
    "ended by signal 9",
)


@pytest.mark.parametrize("said", LACKING)
def test_lacking_memory_is_the_machines_failure(tmp_path: Path, said: str) -> None:
    told(refusal(write_chain_model(tmp_path / "good.gguf"), said))


@pytest.mark.parametrize(
    "said", ["gguf_init: encountered bad_alloc error while reading key 3", "llama_decode returned -1"]
)
def test_what_else_fails_is_not_taken_for_it(tmp_path: Path, said: str) -> None:
    assert isinstance(refusal(write_chain_model(tmp_path / "good.gguf"), said), Rejected)


def test_every_child_that_llama_gives_no_memory_lacked_it() -> None:
    assert all(map(tells_of_lacking_memory, (*LACKING[:4], LACKING[-1])))
    assert ChildFailed(1, LACKING[0]).lacked_memory
    assert not ChildFailed(-6, "GGML_ASSERT(x) failed\nended by signal 6").lacked_memory


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_worker_lacked_memory(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "endless.gguf", ("la", "▁la"), endless=True)
    with open_session(model, 32768) as session:
        pieces = session.reply(PROMPT, ENDLESS, 1)
        next(pieces)
        session._process.kill()
        with pytest.raises(EnvironmentFailure) as error:
            list(pieces)
    told(error.value)


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on memory that Linux keeps to")
def test_a_context_that_memory_has_no_room_for(tmp_path: Path) -> None:
    model = write_chain_model(tmp_path / "chain.gguf")
    play = shlex.join([sys.executable, "-m", "loresmith", "play", str(model), "--scenario", str(PARTY)])
    command = f"ulimit -v 8000000; {play} --context 200000000"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 3, done.stderr
    assert "There isn't memory enough" in done.stderr


def told(failure: Failure) -> None:
    assert isinstance(failure, EnvironmentFailure)
    assert "Close other programs" in failure.remedy
    assert "--context" in failure.remedy
