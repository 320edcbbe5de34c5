"""Many files: each compiled, then all checked together. Lint and train both come through here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from loresmith.check.corpus import check_corpus
from loresmith.check.kept import findings_of, outline_in, scenario_in
from loresmith.check.outline import Outline
from loresmith.check.version import compiler_digest
from loresmith.check.workers import compiled_chunks
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.store.compiled import CompiledCache, Kept

T = TypeVar("T")


@dataclass(frozen=True)
class CheckedProject:
    """What files compile to: every finding, sorted by place."""

    findings: tuple[Diagnostic, ...]
    compiler: FileCompiler
    silenced: Mapping[str, Sequence[str]]
    """The codes that a file's first line silences, by path; an empty one means all."""

    def scenarios(self) -> list[Scenario]:
        """The scenarios of the files without errors, in the order of the files."""
        return [scenario for scenario in self.compiler.scenarios() if scenario]


def check_project(
    files: Mapping[str, bytes], vocabulary: Vocabulary, cache: CompiledCache | None = None
) -> CheckedProject:
    """Compile and check files, given as shown path to bytes: each by itself, then all together.

    What `cache` has isn't compiled again. Raises EnvironmentFailure when a worker process is killed.
    """
    compiler = FileCompiler(files, vocabulary, cache or CompiledCache(None))
    checked = compiler.checked()
    findings = [finding for found, _ in checked for finding in found]
    outlines = [outline for _, outline in checked if outline]
    findings += check_corpus(outlines)
    silenced = {outline.path: outline.silenced for outline in outlines}
    return CheckedProject(tuple(sorted(findings, key=lambda found: found.place)), compiler, silenced)


class FileCompiler:
    """Compiles files, each by itself, or finds what they compiled to before."""

    def __init__(self, files: Mapping[str, bytes], vocabulary: Vocabulary, cache: CompiledCache) -> None:
        self.files = files
        self.vocabulary = vocabulary
        self.cache = cache
        self._made = dict[str, Kept]()
        base = compiler_digest() + hashlib.sha256(vocabulary.model_dump_json().encode()).digest()
        self._keys = {path: hashlib.sha256(base + data).digest() for path, data in files.items()}

    def checked(self) -> list[tuple[tuple[Diagnostic, ...], Outline | None]]:
        """The findings and the outline of each file, in the order of the files."""
        return self._read(self.cache.find, lambda kept: (findings_of(kept), outline_in(kept)))

    def scenarios(self) -> list[Scenario | None]:
        """The scenario of each file, in the order of the files; None where it has errors."""
        return self._read(self.cache.find_scenarios, scenario_in)

    def _read(
        self, find: Callable[[Mapping[str, bytes]], Mapping[str, Kept]], read: Callable[[Kept], T]
    ) -> list[T]:
        """What `read` makes of each file; those that aren't kept, or damaged, are compiled."""
        wanted = {path: key for path, key in self._keys.items() if path not in self._made}
        values = dict[str, T]()
        for path, kept in find(wanted).items():
            try:
                values[path] = read(kept)
            except ValueError:
                continue
        self._compile([path for path in wanted if path not in values])
        return [values[path] if path in values else read(self._made[path]) for path in self.files]

    def _compile(self, paths: list[str]) -> None:
        """Compile files, and keep what was compiled even where an interrupt ends it early."""
        made = dict[str, Kept]()
        try:
            for chunk in compiled_chunks({path: self.files[path] for path in paths}, self.vocabulary):
                made.update(chunk)
        finally:
            self.cache.keep(self._keys, made)
            self._made.update(made)
