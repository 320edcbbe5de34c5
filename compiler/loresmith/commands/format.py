"""`loresmith fmt`."""

from __future__ import annotations

import difflib
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loresmith.commands.scenario_files import scenario_paths, shown_paths
from loresmith.diagnostics.failure import FINDINGS, InvalidCall
from loresmith.diagnostics.rendering import render_text
from loresmith.format.source import Formatted, format_bytes
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.store.files import read_file, write_atomically

STANDARD_INPUT = "-"


@dataclass
class _Tally:
    """How the files of one call fared."""

    changed: int = 0
    unchanged: int = 0
    unread: int = 0


def format_paths(paths: Sequence[Path], root: Path, *, check: bool, diff: bool, quiet: bool = False) -> int:
    """Write scenarios in the canonical form, or with `check` or `diff` only say what would change; `quiet` leaves the
    summary out.

    Gives 1 when a file can't be read, or with `check` when one would change; else 0.
    """
    project_tools = root / "ai-training" / "tools.yaml"
    vocabulary = load_vocabulary(project_tools if project_tools.is_file() else None)
    if [str(path) for path in paths] == [STANDARD_INPUT]:
        return _format_standard_input(vocabulary, check=check, diff=diff)
    tally = _Tally()
    for shown, path in shown_paths(scenario_paths(paths, root), root).items():
        _format_file(path, shown, vocabulary, tally, write=not (check or diff), diff=diff)
    if not quiet:
        print(_summary(tally, writing=not (check or diff)), file=sys.stderr)
    return FINDINGS if tally.unread or (check and tally.changed) else 0


def _format_standard_input(vocabulary: Vocabulary, *, check: bool, diff: bool) -> int:
    if sys.stdin is None:
        raise InvalidCall("There is no standard input to format.", remedy="Name files, or pipe one in.")
    data = sys.stdin.buffer.read()
    made = _formatted("<stdin>", data, vocabulary)
    if made is None:
        return FINDINGS
    text = data.decode("utf-8")
    if diff:
        print(_difference("<stdin>", text, made), end="")
    elif not check:
        print(made, end="")
    return FINDINGS if check and made != text else 0


def _format_file(
    path: Path, shown: str, vocabulary: Vocabulary, tally: _Tally, *, write: bool, diff: bool
) -> None:
    data = read_file(path)
    made = _formatted(shown, data, vocabulary)
    if made is None:
        tally.unread += 1
    elif made.encode() == data:
        tally.unchanged += 1
    else:
        tally.changed += 1
        if write:
            write_atomically(path, made)
        print(_difference(shown, data.decode("utf-8"), made) if diff else shown, end="" if diff else "\n")


def _formatted(shown: str, data: bytes, vocabulary: Vocabulary) -> str | None:
    """The canonical form; None, with the reason on stderr, where there is none."""
    formatted = format_bytes(shown, data, vocabulary)
    if formatted.text is None:
        print(_reason(shown, data, formatted), file=sys.stderr)
    return formatted.text


def _reason(shown: str, data: bytes, formatted: Formatted) -> str:
    errors = [found for found in formatted.findings if found.severity == "error"]
    if errors:
        found = render_text(errors, {shown: data.decode("utf-8", errors="replace")})
        return f"{found}\n{shown}: left as it is; mend the errors first.\n"
    return (
        f"{shown}: left as it is: in the canonical form it would mean something else.\n"
        "  help: Look for text that imitates headings, labels or tags, and word it another way.\n"
    )


def _difference(shown: str, before: str, after: str) -> str:
    # A line ends at its line feed alone: a form feed in a text is none.
    lines = ([*io.StringIO(before, newline="\n")], [*io.StringIO(after, newline="\n")])
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(*lines, shown, f"{shown}, formatted")
    )


def _summary(tally: _Tally, *, writing: bool) -> str:
    parts = [f"{_files(tally.changed)} {'formatted' if writing else 'would change'}"] if tally.changed else []
    parts += [f"{_files(tally.unchanged)} in canonical form already"] if tally.unchanged else []
    parts += (
        [f"{_files(tally.unread)} left as {'it is' if tally.unread == 1 else 'they are'}"]
        if tally.unread
        else []
    )
    return f"{', '.join(parts)}."


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"
