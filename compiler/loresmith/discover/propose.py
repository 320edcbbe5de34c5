"""An entry for a tool from all of its uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loresmith.discover.uses import Use, UsedArgument
from loresmith.discover.values import infer_type
from loresmith.ir.scenario import Call
from loresmith.ir.tools import NAME, Parameter, Tool
from loresmith.ir.vocabulary import Vocabulary

NOUNS = {"name": "name", "integer": "amount", "choice": "kind", "text": "what"}
"""What a parameter is called that no call names, by its type."""
MOST_EXAMPLES = 2

Column = str | int
"""A parameter before it has a name: the key that calls give it, or the number of its place."""


@dataclass(frozen=True)
class Proposal:
    """The proposed tool (None where its name can't be a tool's), its uses, and those that it doesn't cover."""

    name: str
    tool: Tool | None
    uses: tuple[Use, ...]
    uncovered: tuple[Use, ...]


def propose_tools(uses: Sequence[Use], vocabulary: Vocabulary) -> list[Proposal]:
    """A proposal for each name that is called, sorted by name."""
    by_name: dict[str, list[Use]] = {}
    for use in uses:
        by_name.setdefault(use.call.tool, []).append(use)
    return [_proposal(name, by_name[name], vocabulary) for name in sorted(by_name)]


def _proposal(name: str, uses: list[Use], vocabulary: Vocabulary) -> Proposal:
    columns = _columns(uses)
    names = [name, *(column for column in columns if isinstance(column, str))]
    if not all(re.match(NAME, one) for one in names):
        return Proposal(name, None, tuple(uses), tuple(uses))
    tool = _tool(name, columns, uses)
    whole = Vocabulary(tools=(*vocabulary.tools, tool), lists=vocabulary.lists)
    covered = [use for use in uses if whole.problem(use.call, use.members) is None]
    examples = tuple(dict.fromkeys(_written(use.call, whole) for use in covered))[:MOST_EXAMPLES]
    uncovered = tuple(use for use in uses if use not in covered)
    return Proposal(name, tool.model_copy(update={"examples": examples}), tuple(uses), uncovered)


def _tool(name: str, columns: Sequence[Column], uses: Sequence[Use]) -> Tool:
    placed = [assigned for use in uses if (assigned := _assigned(use, columns)) is not None]
    return Tool(
        name=name,
        description=f"{name.replace('_', ' ').capitalize()}.",
        parameters=_parameters(columns, placed),
        result="sum" if {use.answer for use in uses} - {None} == {"sum"} else "text",
        result_needed=_needs_result(uses),
    )


def _columns(uses: Sequence[Use]) -> list[Column]:
    """Places first, then keys in the order in which they appear.

    Where calls give as many keys as other calls have places, the keys are those places' names.
    """
    keys = list(dict.fromkeys(a.key for use in uses for a in use.arguments if a.key))
    places = max(sum(a.key is None for a in use.arguments) for use in uses)
    by_name = [use for use in uses if all(a.key for a in use.arguments)]
    if any(len(use.arguments) == len(keys) >= places for use in by_name):
        return [*keys]
    return [*range(places), *keys]


def _assigned(use: Use, columns: Sequence[Column]) -> dict[Column, UsedArgument] | None:
    """The arguments of a call by column, as the checker will assign them; None where a key is there twice."""
    named: dict[Column, UsedArgument] = {a.key: a for a in use.arguments if a.key}
    placed = [a for a in use.arguments if not a.key]
    if len(named) + len(placed) < len(use.arguments):
        return None
    free = [column for column in columns if column not in named]
    return dict(zip(free, placed, strict=False)) | named


def _parameters(
    columns: Sequence[Column], placed: Sequence[dict[Column, UsedArgument]]
) -> tuple[Parameter, ...]:
    parameters, taken = list[Parameter](), {str(column) for column in columns}
    required = True
    for column in columns:
        arguments = [assigned[column] for assigned in placed if column in assigned]
        required = required and len(arguments) == len(placed)
        found = infer_type(arguments)
        name = column if isinstance(column, str) else _free_noun(found, taken)
        parameters.append(Parameter.model_validate({"name": name, "required": required, **found}))
    return tuple(parameters)


def _free_noun(found: Mapping[str, object], taken: set[str]) -> str:
    noun = "dice" if "dice" in found else NOUNS[str(found["type"])]
    name, number = noun, 1
    while name in taken:
        number += 1
        name = f"{noun}_{number}"
    taken.add(name)
    return name


def _needs_result(uses: Sequence[Use]) -> bool:
    """Whether every call has a result, but for one with which its scenario ends.

    A result under another label finds its call only where the tool needs one.
    """
    answered = [use for use in uses if use.answer]
    open_ones = [use for use in uses if not use.answer and not use.last]
    return bool(answered) and (not open_ones or not all(use.labelled for use in answered))


def _written(call: Call, vocabulary: Vocabulary) -> str:
    canonical = vocabulary.canonical(call)
    assert canonical is not None
    return canonical.text
