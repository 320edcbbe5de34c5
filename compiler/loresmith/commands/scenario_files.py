"""The scenario files that a command is given, and how their paths are shown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from loresmith.diagnostics.failure import InvalidCall
from loresmith.store.files import files_below, read_file

DEFAULT = Path("ai-training/scenarios")


def read_scenario_files(paths: Sequence[Path], root: Path) -> dict[str, bytes]:
    """The files in `paths` (without any: the project's scenarios) by the path that is shown for each.

    Raises InvalidCall when a path isn't there, no .md file is, or one can't be read.
    """
    return {shown: read_file(path) for shown, path in shown_paths(scenario_paths(paths, root), root).items()}


def shown_paths(files: Sequence[Path], root: Path) -> dict[str, Path]:
    """The files by the path that is shown for each: from the project's root, links to folders resolved."""
    folders = {folder: _from_root(folder, root) for folder in {path.parent for path in files}}
    return {f"{folders[path.parent]}{path.name}": path for path in files}


def scenario_paths(paths: Sequence[Path], root: Path) -> list[Path]:
    """The .md files in `paths`, or without any the project's scenarios, sorted.

    Raises InvalidCall when a path isn't there or can't be read, or no .md file is.
    """
    files: set[Path] = set()
    paths = paths or [root / DEFAULT]
    for path in paths:
        if path.is_dir():
            files |= set(files_below(path, ".md"))
        elif path.is_file():
            files.add(path)
        else:
            remedy = (
                "Begin a project with: loresmith init" if path == root / DEFAULT else "Look at its spelling."
            )
            raise InvalidCall("There is no such file or folder.", where=str(path), remedy=remedy)
    if not files:
        raise InvalidCall("There is no .md file to check.", where=", ".join(str(path) for path in paths))
    return sorted(files)


def _from_root(folder: Path, root: Path) -> str:
    shown = Path(os.path.relpath(folder.resolve(), root.resolve())).as_posix()
    return "" if shown == "." else f"{shown}/"
