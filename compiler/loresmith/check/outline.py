"""What the checks over all scenarios read of each: small enough to be kept and compared by the thousand."""

from __future__ import annotations

from collections import Counter

from pydantic import BaseModel, ConfigDict

from loresmith.ir.scenario import Call, DmTurn, Scenario, Split


class Outline(BaseModel):
    """A scenario in brief; `tools` counts the calls of each tool."""

    model_config = ConfigDict(frozen=True)

    path: str
    id: str
    category: str
    split: Split
    tools: dict[str, int]


def outline_of(scenario: Scenario) -> Outline:
    """The outline of a scenario."""
    turns = (turn for turn in scenario.turns if isinstance(turn, DmTurn))
    calls = Counter(part.tool for turn in turns for part in turn.parts if isinstance(part, Call))
    return Outline(
        path=scenario.path,
        id=scenario.id,
        category=scenario.category,
        split=scenario.split,
        tools=dict(sorted(calls.items())),
    )
