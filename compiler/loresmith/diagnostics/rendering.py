"""Findings as text for people, JSON for machines, annotations for GitHub, SARIF for code scanners."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from loresmith import __version__
from loresmith.diagnostics.codes import CODES
from loresmith.diagnostics.diagnostic import Diagnostic, Fix

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_text(findings: Sequence[Diagnostic], sources: Mapping[str, str]) -> str:
    """Each finding with its source line, a caret under the exact span, and its hint.

    `sources` maps a finding's path to the file's text; a path that is missing there shows no excerpt.
    """
    lines_of = {path: _lines(text) for path, text in sources.items()}
    return "\n\n".join(_as_text(found, lines_of.get(found.path, [])) for found in findings)


def render_json(findings: Sequence[Diagnostic]) -> str:
    """A JSON list of objects, one for each finding."""
    entries = [found.model_dump(exclude={"fix"}) | {"fixable": found.fixable} for found in findings]
    return json.dumps(entries, indent=2, ensure_ascii=False)


def render_github(findings: Sequence[Diagnostic]) -> str:
    """Workflow commands that GitHub shows beside the changed lines."""
    return "\n".join(map(_as_command, findings))


def render_sarif(findings: Sequence[Diagnostic]) -> str:
    """A SARIF 2.1.0 log with one run; columns count Unicode code points."""
    codes = sorted({found.code for found in findings})
    driver = {"name": "loresmith", "version": __version__, "rules": [_as_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_as_result(found, codes) for found in findings],
    }
    return json.dumps(
        {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False
    )


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _as_text(found: Diagnostic, lines: Sequence[str]) -> str:
    head = f"{found.path}:{found.line}:{found.column}: {found.code} {found.severity}: {found.message}"
    shown = [head]
    if found.line <= len(lines):
        shown += _excerpt(found, lines[found.line - 1])
    if found.hint:
        shown.append(f"  hint: {found.hint}")
    return "\n".join(shown)


def _excerpt(found: Diagnostic, line: str) -> list[str]:
    end = found.end_column if found.end_line == found.line else len(line) + 1
    gutter = f"{found.line:>5} | "
    # Tabs stay tabs below the source line, so that the caret stands under its character.
    indent = "".join("\t" if sign == "\t" else " " for sign in line[: found.column - 1])
    return [gutter + line, " " * 5 + " | " + indent + "^" * max(1, end - found.column)]


def _as_command(found: Diagnostic) -> str:
    properties = {
        "file": found.path,
        "line": found.line,
        "col": found.column,
        "endLine": found.end_line,
        "endColumn": found.end_column,
        "title": found.code,
    }
    listed = ",".join(f"{name}={_escape(str(value), ',:')}" for name, value in properties.items())
    hint = f" ({found.hint})" if found.hint else ""
    return f"::{found.severity} {listed}::{_escape(found.message + hint, '')}"


def _escape(text: str, more: str) -> str:
    for sign in "%\r\n" + more:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _region(place: Diagnostic | Fix) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _as_rule(code: str) -> dict[str, object]:
    from loresmith.diagnostics.explanation import explanations, page_of

    entry, explained = CODES[code], explanations()[code]
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": explained.what},
        "help": {"text": f"{explained.why} {explained.fix}", "markdown": page_of(code)},
        "defaultConfiguration": {"level": entry.severity},
    }


def _as_result(found: Diagnostic, codes: Sequence[str]) -> dict[str, object]:
    place = {"artifactLocation": {"uri": found.path}, "region": _region(found)}
    result: dict[str, object] = {
        "ruleId": found.code,
        "ruleIndex": codes.index(found.code),
        "level": found.severity,
        "message": {"text": f"{found.message} {found.hint}" if found.hint else found.message},
        "locations": [{"physicalLocation": place}],
    }
    return result | ({"fixes": [_as_fix(found.fix, found)]} if found.fix else {})


def _as_fix(fix: Fix, found: Diagnostic) -> dict[str, object]:
    replacement = {"deletedRegion": _region(fix), "insertedContent": {"text": fix.text}}
    change = {"artifactLocation": {"uri": found.path}, "replacements": [replacement]}
    return {"description": {"text": found.hint or found.message}, "artifactChanges": [change]}
