"""`loresmith init`."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from loresmith.diagnostics.failure import InvalidCall
from loresmith.store.files import write_atomically

EXAMPLES = {
    "crypt-altar.md": "exploration/crypt-altar.md",
    "ferry-toll.md": "social/ferry-toll.md",
}


def begin_project(folder: Path) -> int:
    """Write the folders and two first scenarios, one to train on and one to judge with; gives exit code 0.

    Raises InvalidCall when there are scenarios already.
    """
    scenarios = folder / "ai-training" / "scenarios"
    if scenarios.exists() and any(scenarios.rglob("*.md")):
        raise InvalidCall("There are scenarios here already; nothing was changed.", where=str(scenarios))
    shipped = resources.files("loresmith.commands") / "examples"
    for source, destination in EXAMPLES.items():
        write_atomically(scenarios / destination, (shipped / source).read_text(encoding="utf-8"))
    print(f"Two scenarios to start from are in {scenarios}. Check them: loresmith lint")
    return 0
