"""The ways in which arguments may be given to a tool, as states between one argument and the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from loresmith.ir.tools import Parameter, Tool


@dataclass(frozen=True)
class Shape:
    """What is still to come: parameters given by place, in this order, and by name, in any order."""

    placed: tuple[str, ...]
    named: frozenset[str]


State = frozenset[Shape]
"""All the shapes that a call may still turn out to have."""


def shapes_of(tool: Tool, *, may_omit_name: bool) -> State:
    """Every shape of a call of the tool, as the checker assigns arguments to parameters."""
    names = [parameter.name for parameter in tool.parameters]
    chosen = (set(some) for size in range(len(names) + 1) for some in combinations(names, size))
    return frozenset(shape for named in chosen for shape in _with_named(tool, named, may_omit_name))


def _with_named(tool: Tool, named: set[str], may_omit_name: bool) -> Iterator[Shape]:
    free = [parameter for parameter in tool.parameters if parameter.name not in named]
    for count in range(len(free) + 1):
        given = count + len(named)
        omitted = tool.name_omitted(given)
        if given == 0 or (omitted and not may_omit_name):
            continue
        placed = _without_first_name(free) if omitted else free
        if count <= len(placed) and not any(parameter.required for parameter in placed[count:]):
            yield Shape(tuple(parameter.name for parameter in placed[:count]), frozenset(named))


def _without_first_name(parameters: list[Parameter]) -> list[Parameter]:
    first = next((p for p in parameters if p.type == "name"), None)
    return [p for p in parameters if p is not first]


def may_end(state: State) -> bool:
    """Whether nothing needs to come any more."""
    return any(not shape.placed and not shape.named for shape in state)


def after_place(state: State) -> dict[str, State]:
    """What an argument by place may belong to, and the state after it."""
    return _grouped((s.placed[0], Shape(s.placed[1:], s.named)) for s in state if s.placed)


def after_name(state: State) -> dict[str, State]:
    """What an argument by name may belong to, and the state after it."""
    return _grouped((name, Shape(s.placed, s.named - {name})) for s in state for name in s.named)


def _grouped(steps: Iterator[tuple[str, Shape]]) -> dict[str, State]:
    groups: dict[str, set[Shape]] = {}
    for name, shape in steps:
        groups.setdefault(name, set()).add(shape)
    return {name: frozenset(groups[name]) for name in sorted(groups)}
