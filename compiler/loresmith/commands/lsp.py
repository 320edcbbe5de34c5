"""`loresmith lsp`."""

from __future__ import annotations

import sys

from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall


def serve_editor() -> int:
    """Serve an editor over standard input and output; gives 0 when it ended the session properly, else 1.

    Raises EnvironmentFailure when pygls isn't installed, InvalidCall without standard input or output.
    """
    if sys.stdin is None or sys.stdout is None:
        message = "There is no standard input or output to serve an editor over."
        raise InvalidCall(message, remedy="Let an editor start it (docs/editors.md).")
    try:
        from loresmith.language_server.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        message = "The language server needs pygls, which isn't installed."
        raise EnvironmentFailure(message, remedy='pip install "pygls>=2.1"') from error
    return serve()
