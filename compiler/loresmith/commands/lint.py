"""`loresmith lint`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from loresmith.check.project import check_project
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.diagnostics.failure import FINDINGS, InvalidCall
from loresmith.diagnostics.rendering import render_github, render_json, render_text
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.store.compiled import CompiledCache, cache_of

DEFAULT = Path("ai-training/scenarios")
FORMATS = ("text", "json", "github")


def lint_paths(
    paths: Sequence[Path], root: Path, output: str, *, strict: bool, select: str, ignore: str, cached: bool
) -> int:
    """Print every finding; gives 1 when there is an error (or, with `strict`, any finding), else 0."""
    if output not in FORMATS:
        raise InvalidCall(f"There is no format {output!r}.", remedy=f"Formats: {', '.join(FORMATS)}.")
    sources = _sources(_files(paths or [root / DEFAULT]), root)
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


def _files(paths: Sequence[Path]) -> list[Path]:
    files: set[Path] = set()
    for path in paths:
        if path.is_dir():
            files |= {found for found in path.rglob("*.md") if found.is_file()}
        elif path.is_file():
            files.add(path)
        else:
            raise InvalidCall("There is no such file or folder.", where=str(path))
    if not files:
        raise InvalidCall("There is no .md file to check.", where=", ".join(str(path) for path in paths))
    return sorted(files)


def _sources(files: Sequence[Path], root: Path) -> dict[str, bytes]:
    """The files by the path that findings show: from the project's root, links to folders resolved."""
    folders = {folder: _from_root(folder, root) for folder in {path.parent for path in files}}
    return {f"{folders[path.parent]}{path.name}": path.read_bytes() for path in files}


def _from_root(folder: Path, root: Path) -> str:
    shown = Path(os.path.relpath(folder.resolve(), root.resolve())).as_posix()
    return "" if shown == "." else f"{shown}/"


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
