"""What a diagnostic code is about: read by `loresmith explain`, the pages in docs/diagnostics and SARIF's rules."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.codes import CODES

Within = Literal["dm", "turns", "system", "file"]


class Explanation(BaseModel):
    """Texts in Markdown; `example` has the finding and `fixed` hasn't, both set into a scenario at `within`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    why: str
    fix: str
    within: Within | None = None
    example: str = ""
    fixed: str = ""


@cache
def explanations() -> dict[str, Explanation]:
    """The explanation of every code."""
    import yaml

    source = (
        resources.files("loresmith.diagnostics").joinpath("explanations.yaml").read_text(encoding="utf-8")
    )
    return {code: Explanation(**entry) for code, entry in yaml.safe_load(source).items()}


def page_of(code: str) -> str:
    """The page of a code, in Markdown; raises KeyError for a code that there isn't."""
    entry, explained = CODES[code], explanations()[code]
    parts = [f"# {code}: {entry.title}", f"Severity: {entry.severity}.", explained.what]
    parts += ["## Why", explained.why]
    if explained.within and explained.example.strip():
        parts += ["## Example", _fenced(explained.example), "Mended:", _fenced(explained.fixed)]
    return "\n\n".join([*parts, "## What to do", explained.fix]) + "\n"


def index_page() -> str:
    """The list of all codes with links to their pages, in Markdown."""
    rows = [f"| [{code}]({code}.md) | {entry.severity} | {entry.title} |" for code, entry in CODES.items()]
    head = (
        "# Diagnostics\n\nWhat `loresmith lint` finds. `loresmith explain SC401` shows a page in the terminal; a "
        "comment `<!-- noqa: SC401 -->`\nsilences a finding on its line, on the first line of a file in all of it.\n\n"
        "| code | severity | when |\n|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def _fenced(text: str) -> str:
    return f"````markdown\n{text.rstrip()}\n````"
