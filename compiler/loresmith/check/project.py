"""Many files: each compiled, then all checked together. Lint and train both come through here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loresmith.check.corpus import check_corpus
from loresmith.check.file import Compiled, compile_source
from loresmith.check.outline import outline_of
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary


@dataclass(frozen=True)
class CheckedProject:
    """What files compile to: every finding by place, and the files by their path."""

    findings: tuple[Diagnostic, ...]
    files: Mapping[str, Compiled]

    def scenarios(self) -> list[Scenario]:
        """The scenarios of the files without errors, in the order of the files."""
        return [file.scenario for file in self.files.values() if file.scenario]


def check_project(files: Mapping[str, bytes], vocabulary: Vocabulary) -> CheckedProject:
    """Compile and check files, given as shown path to bytes: each by itself, then all together."""
    compiled = {path: compile_source(path, data, vocabulary) for path, data in files.items()}
    outlines = [outline_of(file.scenario) for file in compiled.values() if file.scenario]
    findings = [found for file in compiled.values() for found in file.findings]
    findings += check_corpus(outlines)
    return CheckedProject(tuple(sorted(findings, key=lambda found: found.place)), compiled)
