"""What can be done about findings: their fixes, and comments that silence them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types

from loresmith.check.noqa import line_for_the_file, silencing
from loresmith.diagnostics.diagnostic import Diagnostic, Fix
from loresmith.fix.file import fix_bytes
from loresmith.language_server.analysis import Analysis
from loresmith.language_server.findings import lint_text, published
from loresmith.language_server.positions import Positions

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.loresmith"
KINDS = (types.CodeActionKind.QuickFix, FIX_ALL)


@dataclass(frozen=True)
class ActionFile:
    """A scenario to act on; `shown` is its path in findings."""

    uri: str
    shown: str
    analysis: Analysis
    positions: Positions

    def lint(self, text: str) -> tuple[Diagnostic, ...]:
        """What would be found if the file had this text."""
        return lint_text(self.shown, text, self.analysis.vocabulary)


def actions_for(
    file: ActionFile, place: types.Range, only: Sequence[types.CodeActionKind | str] | None
) -> list[types.CodeAction]:
    """The actions for the findings that a range touches; `only` names the kinds that are wanted."""
    everything = list(_fix_all(file)) if _wanted(FIX_ALL, only) else []
    if not _wanted(types.CodeActionKind.QuickFix.value, only):
        return everything
    text = file.analysis.source.text
    findings = file.lint(text)
    start, end = file.positions.offset(place.start), file.positions.offset(place.end)
    touched = list(_touched(file, findings, start, end))
    fixes = [_fix(file, finding, finding.fix) for finding in touched if finding.fix]
    silencing = [action for finding in touched for action in _silence(file, findings, finding)]
    return [*fixes, *silencing, *everything]


def _fix(file: ActionFile, finding: Diagnostic, fix: Fix) -> types.CodeAction:
    """The finding's own fix, which an editor may apply without asking which one is meant."""
    edit = types.TextEdit(file.positions.span(fix), fix.text)
    action = _action(file, (finding.hint or finding.message).removesuffix("."), [edit], finding)
    action.is_preferred = True
    return action


def _fix_all(file: ActionFile) -> Iterator[types.CodeAction]:
    """What `lint --fix` makes of the file, where that is anything."""
    text = file.analysis.source.text.encode("utf-8")
    fixed = fix_bytes(file.shown, text, file.analysis.vocabulary, lambda _code: True)
    if fixed.count:
        edit = types.TextEdit(file.positions.whole(), fixed.data.decode("utf-8"))
        changes = types.WorkspaceEdit(changes={file.uri: [edit]})
        yield types.CodeAction(title="Fix all in this file", kind=FIX_ALL, edit=changes)


def _wanted(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """A kind is wanted by its own name or that of one above it: `source` wants `source.fixAll`."""
    wanted = [str(getattr(name, "value", name)) for name in only or ()]
    return not wanted or any(kind == name or kind.startswith(f"{name}.") for name in wanted)


def _touched(file: ActionFile, findings: Iterable[Diagnostic], start: int, end: int) -> Iterator[Diagnostic]:
    for finding in findings:
        first = file.positions.offset_at(finding.line, finding.column)
        last = file.positions.offset_at(finding.end_line, finding.end_column)
        if first <= end and start <= last:
            yield finding


def _silence(
    file: ActionFile, findings: Sequence[Diagnostic], finding: Diagnostic
) -> Iterator[types.CodeAction]:
    """The comment that silences a finding, where one does: in a fence or the front matter it would be text."""
    parsed = file.analysis.parsed
    whole = line_for_the_file(parsed)
    line = whole if finding.line == 1 else finding.line
    place, comment = silencing(parsed, line, finding.code)
    text = file.analysis.source.text
    made = text[: place.start] + comment + text[place.end :]
    gone = [f for f in findings if f.code == finding.code and line in (whole, f.line)]
    left = [f for f in findings if f not in gone]
    if [_identity(f) for f in file.lint(made)] != [_identity(f) for f in left]:
        return
    where = "in this file" if line == whole else "on this line"
    edit = types.TextEdit(file.positions.range(place.start, place.end), comment)
    yield _action(file, f"Silence {finding.code} {where} (noqa)", [edit], finding)


def _identity(finding: Diagnostic) -> tuple[int, str, str]:
    return (finding.line, finding.code, finding.message)


def _action(
    file: ActionFile, title: str, edits: list[types.TextEdit], finding: Diagnostic
) -> types.CodeAction:
    return types.CodeAction(
        title=title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[published(finding, file.positions)],
        edit=types.WorkspaceEdit(changes={file.uri: edits}),
    )
