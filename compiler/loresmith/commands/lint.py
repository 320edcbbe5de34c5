"""`loresmith lint`."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loresmith.check.project import CheckedProject, check_project
from loresmith.commands.scenario_files import (
    read_file,
    read_scenario_files,
    scenario_paths,
    shown_paths,
)
from loresmith.diagnostics.codes import CODES
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.diagnostics.failure import FINDINGS, InvalidCall
from loresmith.diagnostics.rendering import render_github, render_json, render_sarif, render_text
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.store.compiled import CompiledCache, cache_of
from loresmith.store.files import write_atomically

if TYPE_CHECKING:
    from loresmith.pipeline.project import Project

FORMATS = ("text", "json", "sarif", "github")


@dataclass(frozen=True)
class LintOptions:
    """How to lint: `select` and `ignore` are lists of codes or their beginnings, by comma."""

    output: str = "text"
    strict: bool = False
    select: str = ""
    ignore: str = ""
    fix: bool = False
    cached: bool = True
    recipe: str | None = None
    quiet: bool = False


def lint_paths(paths: Sequence[Path], root: Path, options: LintOptions) -> int:
    """Print every finding; gives 1 when there is an error (or, with `strict`, any finding), else 0.

    With `fix` safe fixes are written first, and what is left is printed.
    """
    if options.output not in FORMATS:
        raise InvalidCall(f"There is no format {options.output!r}.", remedy=f"Formats: {', '.join(FORMATS)}.")
    wanted = wanted_codes(options.select, options.ignore)
    vocabulary = _vocabulary(root, options.recipe)
    if options.fix:
        _fix(paths, root, vocabulary, wanted)
    sources = read_scenario_files(paths, root)
    findings = [f for f in _findings(sources, root, vocabulary, options) if wanted(f.code)]
    shown = {finding.path for finding in findings}
    texts = {path: sources[path].decode("utf-8", errors="replace") for path in sorted(shown)}
    if options.output == "json":
        print(render_json(findings))
    elif options.output == "sarif":
        print(render_sarif(findings))
    elif options.output == "github":
        print(render_github(findings), end="\n" if findings else "")
    elif options.quiet:
        print(render_text(findings, texts), end="\n" if findings else "")
    else:
        print(render_text(findings, texts) + _summary(findings, len(sources)))
    failing = [f for f in findings if options.strict or f.severity == "error"]
    return FINDINGS if failing else 0


def wanted_codes(select: str, ignore: str) -> Callable[[str], bool]:
    """Which codes are wanted; raises InvalidCall for a code that there isn't, and begins none."""
    selected, ignored = _codes(select), _codes(ignore)
    return lambda code: code.startswith(selected or ("",)) and not (ignored and code.startswith(ignored))


def _codes(listed: str) -> tuple[str, ...]:
    codes = tuple(filter(None, (part.strip().upper() for part in listed.split(","))))
    for code in codes:
        if not any(known.startswith(code) for known in CODES):
            close = difflib.get_close_matches(code, CODES, n=1)
            hint = f"Did you mean {close[0]}?" if close else "Codes are listed in docs/diagnostics."
            raise InvalidCall(f"There is no diagnostic code {code!r}.", remedy=hint)
    return codes


def _vocabulary(root: Path, recipe: str | None) -> Vocabulary:
    """The recipe's tools; without one the project's."""
    if recipe is None:
        return load_vocabulary(root / "ai-training" / "tools.yaml")
    from loresmith.commands.choice import chosen_project

    return chosen_project(recipe, root)[0].vocabulary


def _fix(paths: Sequence[Path], root: Path, vocabulary: Vocabulary, wanted: Callable[[str], bool]) -> None:
    """Write the safe fixes and say on stderr how many there were."""
    from loresmith.fix.file import fix_bytes

    fixes, files = 0, 0
    for shown, path in shown_paths(scenario_paths(paths, root), root).items():
        data = read_file(path)
        fixed = fix_bytes(shown, data, vocabulary, wanted)
        if fixed.data != data:
            write_atomically(path, fixed.data)
            fixes, files = fixes + fixed.count, files + 1
    said = (
        f"{fixes} fix{'es' * (fixes != 1)} in {files} file{'s' * (files != 1)}."
        if fixes
        else "Nothing to fix."
    )
    print(said, file=sys.stderr)


def _findings(
    sources: dict[str, bytes], root: Path, vocabulary: Vocabulary, options: LintOptions
) -> list[Diagnostic]:
    cache = cache_of(root) if options.cached else CompiledCache(None)
    checked = check_project(sources, vocabulary, cache)
    if cache.problem:
        print(f"note: every file was checked anew; the cache can't be used: {cache.problem}", file=sys.stderr)
    found = list(checked.findings)
    if options.recipe:
        found = _for_recipe(options.recipe, found, checked, sources, root)
    return sorted(found, key=lambda one: one.place)


def _for_recipe(
    recipe: str, found: list[Diagnostic], checked: CheckedProject, sources: dict[str, bytes], root: Path
) -> list[Diagnostic]:
    """The findings with SC504 for the recipe's context, and with SC505 by its reply limit."""
    from loresmith.check.replies import MOST_CHARACTERS
    from loresmith.commands.choice import chosen_project

    project, _ = chosen_project(recipe, root)
    most = project.recipe.reply.max_characters
    if most != MOST_CHARACTERS:
        found = [one for one in found if one.code != "SC505"]
        found += _cut_replies(most, sources, project.vocabulary)
    return found + _too_long(project, checked)


def _cut_replies(most: int, sources: dict[str, bytes], vocabulary: Vocabulary) -> list[Diagnostic]:
    """SC505 for an app that shows so many characters."""
    from loresmith.check.file import compile_source

    compiled = (compile_source(path, data, vocabulary, most) for path, data in sources.items())
    return [finding for file in compiled for finding in file.findings if finding.code == "SC505"]


def _too_long(project: Project, checked: CheckedProject) -> list[Diagnostic]:
    """SC504 for a recipe's context, counted by its base's tokenizer where the base is built."""
    from loresmith.check.silenced import covers
    from loresmith.dataset.lengths import too_long
    from loresmith.lower.conversation import lower_scenario
    from loresmith.pipeline.lengths import token_count_of

    conversations = [lower_scenario(scenario, project.vocabulary) for scenario in checked.scenarios()]
    found = too_long(conversations, project.recipe.train.context, token_count_of(project))
    return [one for one in found if not covers(checked.silenced[one.path], one.code)]


def _summary(findings: Sequence[Diagnostic], files: int) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    checked = f"{files} file{'s' * (files != 1)} checked"
    if not findings:
        return f"{checked}, nothing found."
    return f"\n{checked}: {errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}."
