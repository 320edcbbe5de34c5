"""Which sum answers which call in a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from loresmith.ir.scenario import Call, DmTurn, Result, Scenario
from loresmith.syntax.results import parse_result
from loresmith.syntax.tree import SumSyntax

Place = tuple[int, int]
"""Turn and part of a result."""


class Answered(NamedTuple):
    """A call and the sum that answers it; `turn` and `part` say where the result stands."""

    call: Call
    result: Result
    sum: SumSyntax
    turn: int
    part: int


def sum_of(result: Result) -> SumSyntax | None:
    """The sum that a result is, its ranges counted in `label: body`; None for one in prose."""
    return parse_result(written(result), 0).sum


def written(result: Result) -> str:
    """The inside of a result."""
    return f"{result.label}: {result.body}"


def answered_calls(scenario: Scenario) -> list[Answered] | None:
    """Every sum with its call, in order; None where one can't be told beyond doubt.

    Beyond doubt is a sum whose label is the tool or the first argument of exactly one call before it in its reply that
    has no result yet.
    """
    found = list[Answered]()
    for index, turn in enumerate(scenario.turns):
        if isinstance(turn, DmTurn):
            answered = _answered_in(turn, index)
            if answered is None:
                return None
            found += answered
    return found


def with_results(scenario: Scenario, changed: Mapping[Place, Result]) -> tuple[object, ...]:
    """The turns of a scenario with other results in some places."""
    return tuple(
        turn.model_copy(
            update={"parts": tuple(changed.get((index, n), part) for n, part in enumerate(turn.parts))}
        )
        if isinstance(turn, DmTurn)
        else turn
        for index, turn in enumerate(scenario.turns)
    )


def _answered_in(turn: DmTurn, index: int) -> list[Answered] | None:
    waiting, found = list[Call](), list[Answered]()
    for number, part in enumerate(turn.parts):
        if isinstance(part, Call):
            waiting.append(part)
        elif isinstance(part, Result):
            fitting = [call for call in waiting if _folded(part.label) in _labels(call)]
            if len(fitting) == 1:
                waiting.remove(fitting[0])
            total = sum_of(part)
            if total is None:
                continue
            if len(fitting) != 1:
                return None
            found.append(Answered(fitting[0], part, total, index, number))
    return found


def _labels(call: Call) -> set[str]:
    return {_folded(call.tool), *(_folded(argument.value) for argument in call.arguments[:1])}


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())
