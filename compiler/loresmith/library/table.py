"""The statistics as a table in Markdown, between two marks of a page that people keep."""

from __future__ import annotations

import re
from pathlib import Path

from loresmith.diagnostics.failure import InvalidCall
from loresmith.library.statistics import Spread, Statistics
from loresmith.store.files import write_atomically

BEGIN, END = "<!-- statistics: written by loresmith data stats --table -->\n", "<!-- end of statistics -->\n"
_PLACE = re.compile(rf"{re.escape(BEGIN.strip())}(\r?\n)(.*?){re.escape(END.strip())}(?:\r?\n|\Z)", re.DOTALL)
"""The marks with the line end of the page, and what stands between them."""


def write_table(statistics: Statistics, page: Path) -> None:
    """Put the table between the marks of a page, with its line ends; raises InvalidCall where it has no marks."""
    try:
        text = page.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidCall("This page can't be read.", where=str(page)) from error
    found = _PLACE.search(text)
    if not found:
        marks = f"{BEGIN}{END}".strip()
        raise InvalidCall(
            "This page has no place for the table.", where=str(page), remedy="Put there:\n" + marks
        )
    table = f"\n{table_of(statistics)}\n".replace("\n", found[1])
    write_atomically(page, text[: found.start(2)] + table + text[found.end(2) :])


def table_of(statistics: Statistics) -> str:
    """Counts, lengths, categories and tools as tables in Markdown."""
    splits = ", ".join(f"{count} {split}" for split, count in statistics.by_split.items())
    silent = statistics.replies_without_call / statistics.replies if statistics.replies else 0.0
    lines = [
        "| | |",
        "|---|---|",
        f"| scenarios | {statistics.scenarios:,}: {splits} |",
        f"| DM replies | {statistics.replies:,}, {silent:.0%} without a call |",
        f"| calls | {statistics.calls:,} |",
        f"| characters of a reply | {_lengths(statistics.reply_characters)} |",
        f"| the player speaks | {statistics.player_messages:,} times |",
        f"| characters of the player's words | {_lengths(statistics.player_characters)} |",
        "",
        "| category | scenarios |",
        "|---|---|",
        *(f"| {_cell(name)} | {count} |" for name, count in statistics.by_category.items()),
        "",
        "| tool | calls | scenarios |",
        "|---|---|---|",
        *(f"| {_cell(name)} | {use.calls} | {use.scenarios} |" for name, use in statistics.by_tool.items()),
    ]
    return "\n".join(lines) + "\n"


def _cell(name: str) -> str:
    """A name that can't end its cell or its row."""
    return " ".join(name.split()).replace("\\", "\\\\").replace("|", "\\|")


def _lengths(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    return f"median {spread.median}, 95% at most {spread.p95}, longest {spread.longest}"
