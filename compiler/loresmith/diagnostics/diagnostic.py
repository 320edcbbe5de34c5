"""One finding, and the list that a pass adds its findings to."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.codes import CODES, Severity
from loresmith.diagnostics.span import Span


class Fix(BaseModel):
    """What a safe fix writes in place of what its place covers."""

    model_config = ConfigDict(frozen=True)

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class Diagnostic(BaseModel):
    """A finding in one file; lines and columns count characters from 1, `end_column` is exclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    code: str
    severity: Severity
    message: str
    hint: str | None = None
    fix: Fix | None = None

    @property
    def fixable(self) -> bool:
        """Whether `--fix` mends it."""
        return self.fix is not None

    @property
    def place(self) -> tuple[str, int, int, str]:
        """What findings are sorted by: path, line, column, code."""
        return (self.path, self.line, self.column, self.code)


def finding(
    path: str,
    code: str,
    span: Span,
    message: str,
    hint: str | None = None,
    fix: Fix | None = None,
    *,
    estimated: bool = False,
) -> Diagnostic:
    """A diagnostic with the severity that its code has in the table; what is only estimated is a warning."""
    return Diagnostic(
        path=path,
        **span._asdict(),
        code=code,
        severity="warning" if estimated else CODES[code].severity,
        message=message,
        hint=hint,
        fix=fix,
    )


class Findings:
    """Collects the findings of one file; passes add, nobody throws."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: list[Diagnostic] = []

    def add(
        self, code: str, span: Span, message: str, hint: str | None = None, fix: Fix | None = None
    ) -> None:
        """Add a finding at `span`, with its safe fix where it has one."""
        self._found.append(finding(self.path, code, span, message, hint, fix))

    def sorted(self) -> tuple[Diagnostic, ...]:
        """All findings so far, by line and column; equal ones once."""
        return tuple(sorted(dict.fromkeys(self._found), key=lambda found: found.place))
