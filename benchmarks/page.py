"""The page that the benchmarks put their tables into."""

from __future__ import annotations

import sys
from pathlib import Path

README = Path(__file__).resolve().parent / "README.md"


def put_table(begin: str, end: str, table: str) -> None:
    """Put a table between two marks of benchmarks/README.md; ends the process where a mark isn't there once."""
    text = README.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"{README}: {begin.strip()} and {end.strip()} must stand there once.")
    before, _, rest = text.partition(begin)
    README.write_text(f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
