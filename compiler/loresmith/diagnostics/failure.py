"""The failures that end a command: what happened, where, what to do, and the exit code."""

from __future__ import annotations

FINDINGS = 1
INVALID_CALL = 2
ENVIRONMENT = 3
INTERRUPTED = 130


class Failure(Exception):
    """A failure that a user can cause or mend; the command line shows it without a traceback.

    `message` says what happened, `where` is `path:line:column` or a path, `remedy` says what to do next,
    `excerpt` is the offending source with a caret.
    """

    exit_code = FINDINGS

    def __init__(self, message: str, *, remedy: str = "", where: str = "", excerpt: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.where = where
        self.excerpt = excerpt


class Rejected(Failure):
    """The input was read and found wanting: lint errors, a failed validation, a budget that can't be met."""

    exit_code = FINDINGS


class InvalidCall(Failure):
    """The call itself was wrong: an unknown option, an unreadable recipe."""

    exit_code = INVALID_CALL


class EnvironmentFailure(Failure):
    """The machine lacks something: a dependency, memory, disk, network."""

    exit_code = ENVIRONMENT
