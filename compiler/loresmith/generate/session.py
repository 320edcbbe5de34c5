"""A session with a model file: prompts in, text out as it comes; what the model has read it doesn't read again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol

from loresmith.families.family import Family
from loresmith.generate.model_file import family_of_file, require_gguf
from loresmith.generate.patience import patience
from loresmith.generate.refusal import refusal
from loresmith.generate.sampling import Sampling
from loresmith.process.child import last_words

End = Literal["turn", "stop", "limit", "interrupted"]
"""Why an answer ended: by the model itself, a stop string, the token limit, the person."""


class PromptTooLong(Exception):
    """The prompt and the longest answer don't fit into the context; `tokens` is the prompt's length."""

    def __init__(self, tokens: int) -> None:
        super().__init__(f"{tokens} tokens")
        self.tokens = tokens


class Session(Protocol):
    """Something that answers prompts. `ended` says why the last answer ended."""

    family: Family
    context: int
    ended: End

    def reply(self, prompt: str, sampling: Sampling, seed: int) -> Iterator[str]:
        """The answer in pieces, as they come. Raises PromptTooLong before the first."""
        ...

    def stop(self) -> None:
        """End the answer that is being given; its pieces run out."""
        ...


class ModelSession:
    """A model file in a child process; where that has ended, the next prompt starts another.

    Raises Rejected for a file that llama.cpp doesn't load, or with another template than was trained on.
    """

    def __init__(self, model: Path, context: int) -> None:
        self.model = model
        self.context = context
        self.ended: End = "turn"
        self._answering = self._stopped = False
        self._start()

    def close(self) -> None:
        """End the child."""
        # What it was never asked can't be written any more.
        with contextlib.suppress(BrokenPipeError):
            self._opened.close()

    def _start(self) -> None:
        command = [sys.executable, "-m", "loresmith.generate.worker", str(self.model), str(self.context)]
        with contextlib.ExitStack() as opened:
            self._errors = opened.enter_context(
                tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
            )
            # In a session of its own the terminal's Ctrl-C doesn't reach it: `stop` does.
            self._process = opened.enter_context(subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="utf-8",
                start_new_session=True, env={**patience(), **os.environ},
            ))  # fmt: skip
            opened.callback(self._process.kill)
            about: dict[str, Any] = self._event()["ready"]
            self.family = family_of_file(self.model, about["architecture"], about["template"])
            self.context = about["context"]
            self._opened = opened.pop_all()

    def reply(self, prompt: str, sampling: Sampling, seed: int) -> Iterator[str]:
        """The answer in pieces, as they come. Raises PromptTooLong before the first, Rejected when llama.cpp fails."""
        self._answering = self._stopped = False
        if self._process.poll() is not None:
            self.close()
            self._start()
        if self._stopped:
            self.ended = "interrupted"
            return
        request = {"prompt": prompt, "seed": seed, **sampling.model_dump()}
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        self._answering = True
        while "end" not in (event := self._event()):
            if "full" in event:
                raise PromptTooLong(event["full"])
            if self._stopped:
                # The child may not have read the request yet when it was first told.
                self._process.send_signal(signal.SIGINT)
            yield event["text"]
        self.ended = event["end"]

    def stop(self) -> None:
        """End the answer that is being given, or that is to be given once the model is loaded; its pieces run out."""
        self._stopped = True
        if self._answering:
            self._process.send_signal(signal.SIGINT)

    def _event(self) -> dict[str, Any]:
        """The child's next event. Raises Rejected when it has ended."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        code = self._process.wait()
        self._errors.seek(0)
        said = last_words(self._errors.read(), code)
        raise refusal(self.model, said)


@contextmanager
def open_session(model: Path, context: int) -> Generator[ModelSession]:
    """A session with a model file, loaded for `context` tokens; the process ends with it.

    Raises Rejected for a file that isn't a GGUF model of a known family with the template that was trained on.
    """
    require_gguf(model)
    if find_spec("llama_cpp") is None:
        raise ModuleNotFoundError("No module named 'llama_cpp'", name="llama_cpp")
    with contextlib.closing(ModelSession(model, context)) as session:
        yield session
