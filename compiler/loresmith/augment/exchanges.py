"""Which sum answers which call in a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    """Every sum with its call, in order; None where the call of one can't be told beyond doubt."""
    found = list(_sums_with_calls(scenario))
    certain = [one for one in found if one is not None]
    return certain if len(certain) == len(found) else None


def certain_answers(scenario: Scenario) -> list[Answered]:
    """The sums whose call can be told beyond doubt, in order.

    Beyond doubt is a sum whose label is the tool or the first argument of exactly one call before it in its reply that
    has no result yet.
    """
    return [one for one in _sums_with_calls(scenario) if one is not None]


def _sums_with_calls(scenario: Scenario) -> Iterator[Answered | None]:
    for index, turn in enumerate(scenario.turns):
        if isinstance(turn, DmTurn):
            yield from _answered_in(turn, index)


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


def _answered_in(turn: DmTurn, index: int) -> Iterator[Answered | None]:
    """Each sum of a reply with its call, or None in its place."""
    waiting = list[Call]()
    for number, part in enumerate(turn.parts):
        if isinstance(part, Call):
            waiting.append(part)
        elif isinstance(part, Result):
            fitting = [call for call in waiting if call.is_named(part.label)]
            if len(fitting) == 1:
                waiting.remove(fitting[0])
            if total := sum_of(part):
                yield Answered(fitting[0], part, total, index, number) if len(fitting) == 1 else None
