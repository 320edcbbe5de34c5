"""Scenarios from outside a project, to be asked about: each is checked by itself, and none may be trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from loresmith.check.likeness import near_pairs
from loresmith.check.outline import Outline
from loresmith.check.project import FileCompiler
from loresmith.commands.scenario_files import read_scenario_files, scenario_paths
from loresmith.diagnostics.failure import Rejected
from loresmith.ir.scenario import Scenario
from loresmith.pipeline.project import Project
from loresmith.pipeline.sources import Sources, rejected
from loresmith.store.compiled import cache_of
from loresmith.store.files import files_below

SHOWN = 5


def other_scenarios(project: Project, folder: Path) -> list[Scenario]:
    """The scenarios of a folder, or of one file, whatever their split; their ids are their places in the folder.

    Raises InvalidCall where no file is there, Rejected with every error of every file, and where the project trains on
    nearly the same ones.
    """
    compiler = _compiler(project, folder)
    checked = compiler.checked()
    errors = [finding for found, _ in checked for finding in found if finding.severity == "error"]
    if errors:
        raise rejected(errors, Sources(compiler.files))
    _require_untrained(project, [outline for _, outline in checked if outline])
    top = folder if folder.is_dir() else folder.parent
    places = [path.relative_to(top).with_suffix("").as_posix() for path in scenario_paths([folder], top)]
    compiled = zip(compiler.scenarios(), places, strict=True)
    return [scenario.model_copy(update={"id": place}) for scenario, place in compiled if scenario]


def _compiler(project: Project, folder: Path) -> FileCompiler:
    files: Mapping[str, bytes] = read_scenario_files([folder], project.root)
    return FileCompiler(files, project.vocabulary, cache_of(project.root))


def _require_untrained(project: Project, asked: Sequence[Outline]) -> None:
    """Raise Rejected where the project trains on nearly the same scenarios."""
    own = _compiler(project, project.scenarios).checked() if files_below(project.scenarios, ".md") else []
    trained = [outline for _, outline in own if outline and outline.split == "train"]
    signatures = [outline.signature for outline in (*trained, *asked)]
    known = len(trained)
    near = near_pairs(signatures, [number < known for number in range(len(signatures))])
    leaks = {second - known: first for first, second in near if first < known <= second}
    if leaks:
        raise Rejected(
            f"{len(leaks)} of {len(asked)} scenarios are nearly the same as some that are trained on.",
            excerpt="\n".join(_listed((asked[one], trained[other]) for one, other in sorted(leaks.items()))),
            remedy="Leave them out: a model is judged on what it wasn't trained on.",
        )


def _listed(pairs: Iterable[tuple[Outline, Outline]]) -> list[str]:
    lines = [f"{asked.path}:1:1: nearly the same as {trained.path}" for asked, trained in pairs]
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return lines[:SHOWN] + more
