"""Versions of the scenarios: which files there were, with their hashes and counts, and what changed between two."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.library.statistics import Statistics
from loresmith.store.files import read_file, write_atomically

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
"""As `keep` writes it: `²` is a digit to Python too, and `01.json` isn't the file of snapshot 1."""


class Snapshot(BaseModel):
    """`files` are the sha256 of every scenario file, and of the project's tools where it has some, by path."""

    model_config = ConfigDict(frozen=True)

    files: dict[str, str]
    statistics: Statistics


class Change(BaseModel):
    """What one snapshot has against another: files by path, and the counts that moved, as (before, after)."""

    model_config = ConfigDict(frozen=True)

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    counts: dict[str, tuple[int, int]]


class Snapshots:
    """The kept snapshots of a project, numbered from 1."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def numbers(self) -> list[int]:
        """The kept numbers, in order."""
        files = (path for path in self.folder.glob("*.json") if path.is_file())
        return sorted(int(path.stem) for path in files if _NUMBER.fullmatch(path.stem))

    def read(self, number: int) -> Snapshot:
        """A kept snapshot; raises InvalidCall when there is none of this number, Rejected when it is damaged."""
        path = self.folder / f"{number}.json"
        if not path.is_file():
            known = ", ".join(map(str, self.numbers())) or "none yet"
            raise InvalidCall(f"There is no snapshot {number}.", remedy=f"Snapshots: {known}.")
        try:
            return Snapshot.model_validate_json(read_file(path))
        except ValidationError as error:
            raise Rejected(
                "This snapshot can't be read.", where=str(path), remedy="Remove the file."
            ) from error

    def keep(self, snapshot: Snapshot) -> tuple[int, bool]:
        """The number of the snapshot, and whether it is new: one equal to the last isn't kept again."""
        numbers = self.numbers()
        if numbers and self.read(numbers[-1]) == snapshot:
            return numbers[-1], False
        number = numbers[-1] + 1 if numbers else 1
        write_atomically(self.folder / f"{number}.json", snapshot.model_dump_json(indent=1) + "\n")
        return number, True


def change(before: Snapshot, after: Snapshot) -> Change:
    """What `after` has that `before` hadn't, and the other way round."""
    return Change(
        added=tuple(sorted(after.files.keys() - before.files.keys())),
        removed=tuple(sorted(before.files.keys() - after.files.keys())),
        changed=tuple(
            sorted(
                path for path, digest in after.files.items() if before.files.get(path) not in (None, digest)
            )
        ),
        counts=_moved(dict(_counts(before.statistics)), dict(_counts(after.statistics))),
    )


def _moved(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    names = [*before, *(name for name in after if name not in before)]
    pairs = {name: (before.get(name, 0), after.get(name, 0)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _counts(statistics: Statistics) -> Iterator[tuple[str, int]]:
    yield "scenarios", statistics.scenarios
    yield "replies", statistics.replies
    yield "replies without a call", statistics.replies_without_call
    yield "calls", statistics.calls
    yield "what the player says", statistics.player_messages
    yield from ((f"split {name}", count) for name, count in statistics.by_split.items())
    yield from ((f"category {name}", count) for name, count in statistics.by_category.items())
    yield from ((f"calls of {name}", use.calls) for name, use in statistics.by_tool.items())
    yield from ((f"scenarios with {name}", use.scenarios) for name, use in statistics.by_tool.items())
