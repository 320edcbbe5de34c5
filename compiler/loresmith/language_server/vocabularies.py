"""The vocabulary of each project, read anew when its tools.yaml changes on the disk or in the editor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loresmith.diagnostics.failure import Failure
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary


@dataclass(frozen=True)
class _Loaded:
    """What a state of the file gave: `vocabulary`, or the failure to read one."""

    state: object
    vocabulary: Vocabulary | None
    failure: Failure | None = None


class Vocabularies:
    """Keeps each project's vocabulary for as long as its file is the same."""

    def __init__(self) -> None:
        self._loaded: dict[Path, _Loaded] = {}
        self._sound: dict[Path, Vocabulary] = {}

    def of(self, tools: Path, text: str | None) -> Vocabulary:
        """The vocabulary with a project's `tools` file on top, or its unsaved `text` in an editor.

        While an open file is being changed, the last one that could be read holds: its mistake shows there.
        Raises InvalidCall for a file that can't be read otherwise.
        """
        loaded = self._loaded.get(tools)
        state = text if text is not None else _state(tools)
        if loaded is None or loaded.state != state:
            loaded = self._loaded[tools] = _load(tools, text, state)
        if loaded.vocabulary:
            self._sound[tools] = loaded.vocabulary
            return loaded.vocabulary
        assert loaded.failure is not None
        if text is None or tools not in self._sound:
            raise loaded.failure
        return self._sound[tools]


def _load(tools: Path, text: str | None, state: object) -> _Loaded:
    try:
        return _Loaded(state, load_vocabulary(tools, text))
    except Failure as failure:
        return _Loaded(state, None, failure)


def _state(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
