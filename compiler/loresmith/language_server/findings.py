"""What is wrong in a file that is open: the findings of lint and of the loaders, as the client shows them."""

from __future__ import annotations

import os

from lsprotocol import types

from loresmith.check.examples import check_examples
from loresmith.check.project import check_project
from loresmith.diagnostics.diagnostic import Diagnostic
from loresmith.diagnostics.failure import Failure
from loresmith.diagnostics.yaml_file import YamlMistake
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.language_server.places import Place
from loresmith.language_server.positions import Positions
from loresmith.recipe.load import load_recipe

SOURCE = "loresmith"
_SEVERITY = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


def lint_text(shown: str, text: str, vocabulary: Vocabulary) -> tuple[Diagnostic, ...]:
    """What `loresmith lint` finds in a scenario that has this text."""
    return check_project({shown: text.encode()}, vocabulary).findings


def published(finding: Diagnostic, positions: Positions) -> types.Diagnostic:
    """A finding as the client shows it."""
    return types.Diagnostic(
        range=positions.span(finding),
        message=f"{finding.message} {finding.hint}" if finding.hint else finding.message,
        severity=_SEVERITY[finding.severity],
        code=finding.code,
        source=SOURCE,
    )


def yaml_failure(place: Place, text: str) -> Failure | None:
    """The first mistake that the loaders find in a recipe or a tools.yaml with this text."""
    try:
        if place.kind == "recipe":
            load_recipe(place.path, text)
        else:
            check_examples(place.path, load_vocabulary(place.path, text), text)
    except Failure as failure:
        return failure
    return None


def published_failure(failure: Failure, positions: Positions) -> types.Diagnostic:
    """A loader's failure: at its place, to the end of the line; without one at the beginning."""
    start = positions.offset_at(failure.line, failure.column) if isinstance(failure, YamlMistake) else 0
    end = positions.source.line_end(start)
    return types.Diagnostic(
        range=positions.range(start, start + len(positions.source.text[start:end].rstrip())),
        message=f"{failure.message} {failure.remedy}".strip(),
        severity=types.DiagnosticSeverity.Error,
        source=SOURCE,
    )


def unreadable_tools(failure: Failure, place: Place, positions: Positions) -> types.Diagnostic:
    """What a scenario shows while the project's tools.yaml can't be read: lint refuses it too."""
    where = failure.where.removeprefix(f"{place.root}{os.sep}").replace(os.sep, "/")
    end = positions.source.line_end(0)
    return types.Diagnostic(
        range=positions.range(0, end),
        message=f"Not checked: {where}: {failure.message} {failure.remedy}".strip(),
        severity=types.DiagnosticSeverity.Error,
        source=SOURCE,
    )
