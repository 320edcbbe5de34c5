"""Which scenario a game begins with."""

from __future__ import annotations

from pathlib import Path

from loresmith.check.file import compile_source
from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.diagnostics.rendering import render_text
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.store.files import files_below, read_file

SCENARIOS = Path("ai-training/scenarios")


def chosen_scenario(file: Path | None, root: Path, vocabulary: Vocabulary) -> Scenario:
    """The scenario in a file; without one the project's first that no model was trained on.

    Raises InvalidCall where there is no such file, Rejected where it has errors or the project has no scenario.
    """
    if file is not None:
        return _compiled(file, root, vocabulary)
    files = files_below(root / SCENARIOS, ".md")
    if not files:
        raise Rejected(
            "The project has no scenario to begin with.",
            remedy="Name one with --scenario, or: loresmith init",
        )
    scenarios = (compile_source(_shown(path, root), read_file(path), vocabulary).scenario for path in files)
    held_out = next((scenario for scenario in scenarios if scenario and scenario.split == "test"), None)
    return held_out or _compiled(files[0], root, vocabulary)


def _compiled(file: Path, root: Path, vocabulary: Vocabulary) -> Scenario:
    if not file.is_file():
        raise InvalidCall("There is no such scenario file.", where=str(file))
    data, shown = read_file(file), _shown(file, root)
    compiled = compile_source(shown, data, vocabulary)
    if compiled.scenario is None:
        errors = [found for found in compiled.findings if found.severity == "error"]
        raise Rejected(
            "This scenario has errors.",
            where=shown,
            excerpt=render_text(errors, {shown: data.decode("utf-8", errors="replace")}),
        )
    return compiled.scenario


def _shown(file: Path, root: Path) -> str:
    """The file from the project's root; one that stands elsewhere from its scenarios folder, or its name alone."""
    whole = file.absolute()
    if whole.is_relative_to(root.absolute()):
        return whole.relative_to(root.absolute()).as_posix()
    names = whole.parts
    start = len(names) - 1 - names[::-1].index("scenarios") if "scenarios" in names[:-1] else -1
    return "/".join(names[start:])
