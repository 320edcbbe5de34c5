"""What a user is told when a child of this room fails."""

from __future__ import annotations

from pathlib import Path

from loresmith.diagnostics.failure import EnvironmentFailure, Failure, Rejected
from loresmith.process.child import ChildFailed
from loresmith.store.files import disk_full


def failure_of(error: ChildFailed, where: Path, task: str, refusal: str) -> Failure:
    """EnvironmentFailure where memory ran out during the `task` or the disk was full, else Rejected with the `refusal`
    and what the child said."""
    if error.lacked_memory:
        return EnvironmentFailure(
            f"Memory ran out while {task}.",
            where=str(where),
            remedy="Close other programs, or ask for q8_0 alone, which needs none of this.",
        )
    if error.lacked_disk:
        return disk_full(where)
    return Rejected(
        f"{refusal}: {error.said}",
        where=str(where),
        remedy="Run the same command again; if it stays so, report it with your recipe.",
    )
