"""Scenario files as conversations; each file is parsed once for each content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loresmith.check.corpus import check_corpus
from loresmith.check.file import Compiled, compile_source
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.diagnostics.failure import Rejected
from loresmith.diagnostics.rendering import render_text
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.store.artefacts import Store, key_of
from loresmith.store.files import write_atomically

PARSER = 1
"""Raised when the same file would compile to something else."""


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
    """All scenario files under `folder`; raises Rejected when there is none."""
    if not folder.is_dir():
        raise Rejected(
            "There is no scenarios folder.",
            where=str(folder),
            remedy="Make it with `loresmith init`, or name another in the recipe's data.scenarios.",
        )
    paths = sorted(path for path in folder.rglob("*.md") if path.is_file())
    if not paths:
        raise Rejected(
            "The scenarios folder has no .md file.",
            where=str(folder),
            remedy="Write a scenario, or copy an example with `loresmith init`.",
        )
    return Sources({path.relative_to(root.resolve()).as_posix(): path.read_bytes() for path in paths})


def compile_sources(sources: Sources, vocabulary: Vocabulary, store: Store) -> list[Scenario]:
    """The scenarios of all files; raises Rejected with every error of every file."""
    compiled = [_compiled(path, data, vocabulary, store) for path, data in sources.files.items()]
    scenarios = [c.scenario for c in compiled if c.scenario]
    findings = [f for c in compiled for f in c.findings] + check_corpus(scenarios)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise _rejected(errors, sources)
    return scenarios


def _rejected(errors: list[Diagnostic], sources: Sources) -> Rejected:
    texts = {path: data.decode("utf-8", errors="replace") for path, data in sources.files.items()}
    files = len({error.path for error in errors})
    return Rejected(
        f"{len(errors)} error{'s' * (len(errors) > 1)} in {files} scenario file{'s' * (files > 1)}.",
        excerpt=render_text(errors, texts),
        remedy="Mend them; `loresmith lint` shows the warnings too.",
    )


def _compiled(path: str, data: bytes, vocabulary: Vocabulary, store: Store) -> Compiled:
    content = hashlib.sha256(data).hexdigest()
    key = key_of("parse", PARSER, {"path": path, "content": content, "tools": vocabulary.model_dump_json()})
    cached = store.root / "parse" / f"{key}.json"
    try:
        stored = json.loads(cached.read_text(encoding="utf-8"))
        return Compiled.model_validate(stored)
    except (OSError, ValueError):
        compiled = compile_source(path, data, vocabulary)
        write_atomically(cached, compiled.model_dump_json())
        return compiled
