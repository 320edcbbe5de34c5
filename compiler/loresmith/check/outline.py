"""What the checks over all scenarios read of each: small enough to be kept and compared by the thousand."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict

from loresmith.check.likeness import signature_of
from loresmith.ir.scenario import Call, DmTurn, Scenario, Split


class Outline(BaseModel):
    """A scenario in brief: `tools` counts the calls of each tool, `signature` is for likeness, `silenced` holds the
    codes that its first line silences (an empty one means all)."""

    model_config = ConfigDict(frozen=True)

    path: str
    id: str
    category: str
    split: Split
    tools: dict[str, int]
    signature: str
    silenced: tuple[str, ...]


def outline_of(scenario: Scenario, silenced: tuple[str, ...]) -> Outline:
    """The outline of a scenario whose first line silences these codes."""
    turns = (turn for turn in scenario.turns if isinstance(turn, DmTurn))
    calls = Counter(part.tool for turn in turns for part in turn.parts if isinstance(part, Call))
    return Outline(
        path=scenario.path,
        id=scenario.id,
        category=scenario.category,
        split=scenario.split,
        tools=dict(sorted(calls.items())),
        signature=signature_of(scenario),
        silenced=silenced,
    )
