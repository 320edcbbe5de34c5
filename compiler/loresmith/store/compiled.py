"""What files compiled to, kept in one SQLite file: by path, each valid for one key alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")

LOCK_SECONDS = 10.0
"""How long another process may hold the cache before this one works without it."""
MOST_ROWS = 100_000
"""Rows of files that have long gone are dropped beyond this, the oldest first."""
_TABLE = (
    "CREATE TABLE IF NOT EXISTS compiled"
    " (path TEXT PRIMARY KEY, key BLOB NOT NULL, findings BLOB, outline BLOB, scenario BLOB)"
)


class Kept(NamedTuple):
    """A compiled file in compressed form; a part that the file doesn't have is None."""

    findings: bytes | None
    outline: bytes | None
    scenario: bytes | None


class CompiledCache:
    """The cache file. Where it can't be used, nothing is found in it and `problem` says why.

    One process at a time has the file open, so that a damaged one can be put away safely.
    """

    def __init__(self, path: Path | None) -> None:
        """A cache at `path`; None is a cache that keeps nothing."""
        self.path = path
        self.problem = ""

    def find(self, keys: Mapping[str, bytes]) -> dict[str, Kept]:
        """What is kept of the files, given as path to key; without their scenarios."""
        return self._rows(keys, "findings, outline, NULL")

    def find_scenarios(self, keys: Mapping[str, bytes]) -> dict[str, Kept]:
        """What is kept of the files, given as path to key; with nothing but their scenarios."""
        return self._rows(keys, "NULL, NULL, scenario")

    def keep(self, keys: Mapping[str, bytes], files: Mapping[str, Kept]) -> None:
        """Keep files under their keys, all of them or none."""
        rows = [(path, keys[path], *kept) for path, kept in files.items()]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO compiled VALUES (?, ?, ?, ?, ?)", rows)
                newest = "SELECT max(rowid) FROM compiled"
                connection.execute(f"DELETE FROM compiled WHERE rowid <= ({newest}) - {MOST_ROWS}")  # noqa: S608

        if rows:
            self._within(write, None)

    def _rows(self, keys: Mapping[str, bytes], columns: str) -> dict[str, Kept]:
        query = f"SELECT {columns} FROM compiled WHERE path = ? AND key = ?"  # noqa: S608

        def read(connection: sqlite3.Connection) -> dict[str, Kept]:
            return dict(_found(connection, query, keys.items()))

        return self._within(read, {}) if keys else {}

    def _within(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `work` makes of the open file; `otherwise` where there is no usable one."""
        if self.path is None or self.problem:
            return otherwise
        # Its import takes longer than a file takes to compile: a run without a cache does without.
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_SECONDS):
                try:
                    return self._opened(work)
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error):
                        raise
                    self._put_away()
                    return self._opened(work)
        except (OSError, Timeout, sqlite3.Error) as error:
            self.problem = str(error)
            return otherwise

    def _opened(self, work: Callable[[sqlite3.Connection], T]) -> T:
        assert self.path is not None
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(_TABLE)
            return work(connection)

    def _put_away(self) -> None:
        assert self.path is not None
        for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
            path.unlink(missing_ok=True)


def cache_of(root: Path) -> CompiledCache:
    """The cache of the project at `root`; outside a project nothing is kept."""
    folder = root / "ai-training"
    return CompiledCache(folder / "build" / "compiled.sqlite" if folder.is_dir() else None)


def _found(
    connection: sqlite3.Connection, query: str, keys: Iterable[tuple[str, bytes]]
) -> Iterable[tuple[str, Kept]]:
    for path, key in keys:
        row = connection.execute(query, (path, key)).fetchone()
        if row:
            yield path, Kept(*row)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file isn't what this module wrote; a full disk or a missing right is something else."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
