"""`loresmith explain`."""

from __future__ import annotations

import difflib
import sys

from loresmith.diagnostics.codes import CODES
from loresmith.diagnostics.explanation import page_of
from loresmith.diagnostics.failure import InvalidCall


def explain_code(code: str | None) -> int:
    """Print the page of a code, or the list of those that begin so (SC4), without one that of all; gives 0.

    Raises InvalidCall for an unknown code.
    """
    known = (code or "").upper()
    begun = {name: entry for name, entry in CODES.items() if name.startswith(known)}
    if begun and known not in CODES:
        print("\n".join(f"{name}  {entry.severity:<7}  {entry.title}" for name, entry in begun.items()))
        return 0
    if not begun:
        close = difflib.get_close_matches(known, CODES, n=1)
        hint = f"Did you mean {close[0]}?" if close else "`loresmith explain` lists the codes."
        raise InvalidCall(f"There is no diagnostic code {code!r}.", remedy=hint)
    _show(page_of(known))
    return 0


def _show(page: str) -> None:
    """Laid out on a terminal, as it is elsewhere."""
    if not sys.stdout.isatty():
        print(page, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(page))
