"""Where the files that ship with the package are: inside it when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from loresmith.diagnostics.failure import EnvironmentFailure

PACKAGE = Path(__file__).resolve().parent


def shipped_folder(name: str) -> Path:
    """The folder `grammar`, `recipes` or `bootstrap` as shipped; raises EnvironmentFailure when it isn't there."""
    for folder in (PACKAGE / name, PACKAGE.parent.parent / name):
        if folder.is_dir():
            return folder
    raise EnvironmentFailure(
        f"The installation lacks its {name!r} folder.", where=str(PACKAGE), remedy="Install loresmith again."
    )
