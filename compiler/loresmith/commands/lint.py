"""`loresmith lint`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from loresmith.check.project import check_project
from loresmith.commands.scenario_files import read_scenario_files
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.diagnostics.failure import FINDINGS, InvalidCall
from loresmith.diagnostics.rendering import render_github, render_json, render_text
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.store.compiled import CompiledCache, cache_of

FORMATS = ("text", "json", "github")


def lint_paths(
    paths: Sequence[Path], root: Path, output: str, *, strict: bool, select: str, ignore: str, cached: bool
) -> int:
    """Print every finding; gives 1 when there is an error (or, with `strict`, any finding), else 0."""
    if output not in FORMATS:
        raise InvalidCall(f"There is no format {output!r}.", remedy=f"Formats: {', '.join(FORMATS)}.")
    sources = read_scenario_files(paths, root)
    findings = [f for f in _findings(sources, root, cached) if _wanted(f.code, select, ignore)]
    shown = {finding.path for finding in findings}
    texts = {path: sources[path].decode("utf-8", errors="replace") for path in sorted(shown)}
    if output == "json":
        print(render_json(findings))
    elif output == "github":
        print(render_github(findings), end="")
    else:
        print(render_text(findings, texts) + _summary(findings, len(sources)))
    failing = [f for f in findings if strict or f.severity == "error"]
    return FINDINGS if failing else 0


def _findings(sources: dict[str, bytes], root: Path, cached: bool) -> list[Diagnostic]:
    project_tools = root / "ai-training" / "tools.yaml"
    vocabulary = load_vocabulary(project_tools if project_tools.is_file() else None)
    cache = cache_of(root) if cached else CompiledCache(None)
    checked = check_project(sources, vocabulary, cache)
    if cache.problem:
        print(f"note: every file was checked anew; the cache can't be used: {cache.problem}", file=sys.stderr)
    return list(checked.findings)


def _wanted(code: str, select: str, ignore: str) -> bool:
    selected = tuple(filter(None, (part.strip() for part in select.split(",")))) or ("",)
    ignored = tuple(filter(None, (part.strip() for part in ignore.split(","))))
    return code.startswith(selected) and not (ignored and code.startswith(ignored))


def _summary(findings: Sequence[Diagnostic], files: int) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    checked = f"{files} file{'s' * (files != 1)} checked"
    if not findings:
        return f"{checked}, nothing found."
    return f"\n{checked}: {errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}."
