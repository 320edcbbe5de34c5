"""Checks over all scenarios together: SC506."""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.check.outline import Outline
from loresmith.diagnostics.diagnostic import Diagnostic, finding
from loresmith.diagnostics.span import Span


def check_corpus(scenarios: Sequence[Outline]) -> list[Diagnostic]:
    """The findings that no file has by itself, by path."""
    found = [*_same_ids(scenarios)]
    return sorted(found, key=lambda one: one.place)


def _same_ids(scenarios: Sequence[Outline]) -> list[Diagnostic]:
    first: dict[str, Outline] = {}
    found = list[Diagnostic]()
    for scenario in sorted(scenarios, key=lambda one: one.path):
        other = first.setdefault(scenario.id, scenario)
        if other is not scenario:
            message = f"The id {scenario.id!r} belongs to {other.path} too."
            start = Span(line=1, column=1, end_line=1, end_column=1)
            found.append(finding(scenario.path, "SC506", start, message, "Give it an id of its own."))
    return found
