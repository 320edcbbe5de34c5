"""Scenario files as conversations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loresmith.check.project import check_project
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.diagnostics.rendering import render_text
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.store.compiled import CompiledCache
from loresmith.store.files import files_below, read_file


@dataclass(frozen=True)
class Sources:
    """The scenario files of a project, read: display path to bytes, in sorted order."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """The sha256 over all names and contents."""
        lines = [f"{path} {hashlib.sha256(data).hexdigest()}" for path, data in self.files.items()]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_sources(folder: Path, root: Path) -> Sources:
    """All scenario files under `folder`; raises InvalidCall where there is none, or one can't be read."""
    if not folder.is_dir():
        raise InvalidCall(
            "There is no scenarios folder.",
            where=str(folder),
            remedy="Make it with `loresmith init`, or name another in the recipe's data.scenarios.",
        )
    paths = files_below(folder, ".md")
    if not paths:
        raise InvalidCall(
            "The scenarios folder has no .md file.",
            where=str(folder),
            remedy="Write a scenario, or copy an example with `loresmith init`.",
        )
    return Sources({path.relative_to(root.resolve()).as_posix(): read_file(path) for path in paths})


def compile_sources(sources: Sources, vocabulary: Vocabulary, cache: CompiledCache) -> list[Scenario]:
    """The scenarios of all files; raises Rejected with every error of every file."""
    checked = check_project(sources.files, vocabulary, cache)
    errors = [finding for finding in checked.findings if finding.severity == "error"]
    if errors:
        raise rejected(errors, sources)
    return checked.scenarios()


def rejected(errors: list[Diagnostic], sources: Sources) -> Rejected:
    """The failure that shows errors where they stand in the sources."""
    texts = {path: data.decode("utf-8", errors="replace") for path, data in sources.files.items()}
    files = len({error.path for error in errors})
    return Rejected(
        f"{len(errors)} error{'s' * (len(errors) > 1)} in {files} scenario file{'s' * (files > 1)}.",
        excerpt=render_text(errors, texts),
        remedy="Mend them; `loresmith lint` shows the warnings too.",
    )
