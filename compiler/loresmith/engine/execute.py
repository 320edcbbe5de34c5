"""Carrying out a call: judged by the vocabulary, done by its tool's executor, answered in the language's own form."""

from __future__ import annotations

import random
import re

from loresmith.engine.own_tools import execute_own_tool
from loresmith.engine.people import (
    execute_condition,
    execute_experience,
    execute_gold,
    execute_health,
    execute_inventory,
    execute_spell,
)
from loresmith.engine.request import NOWHERE, Executor, Refusal, RefusalKind, Refused, Request, Rules
from loresmith.engine.rolls import execute_roll
from loresmith.engine.state import GameState
from loresmith.engine.world import execute_move, execute_party, execute_quest, execute_rest
from loresmith.ir.arguments import assign_arguments
from loresmith.ir.scenario import Argument, Call, Result
from loresmith.ir.tools import Tool
from loresmith.syntax.calls import parse_call
from loresmith.syntax.results import parse_result

_PERSON, _AMOUNT = {"name": "name"}, {"name": "name", "amount": "integer"}
EXECUTORS: dict[str, tuple[Executor, str, dict[str, str]]] = {
    "roll": (execute_roll, "sum", {"what": "choice"}),
    "health": (execute_health, "sum", _AMOUNT),
    "experience": (execute_experience, "sum", _AMOUNT),
    "gold": (execute_gold, "sum", _AMOUNT),
    "inventory": (execute_inventory, "text", _PERSON | {"action": "choice", "item": "text"}),
    "condition": (execute_condition, "text", _PERSON | {"action": "choice", "condition": "choice"}),
    "spell": (execute_spell, "text", _PERSON | {"spell": "text"}),
    "rest": (execute_rest, "text", {"kind": "choice"}),
    "move": (execute_move, "text", {"location": "text"}),
    "party": (execute_party, "text", {"action": "choice", "name": "text"}),
    "quest": (execute_quest, "text", {"action": "choice", "quest": "text"}),
}
"""For each tool its executor, the form of its result, and the required parameters that it reads, with their types."""

_MARKUP = re.compile(r"[`<>\\]")
"""What opens code, tags, comments and escapes in Markdown: a result that repeats it couldn't be read back."""


def execute(
    state: GameState, call: Call, dice: random.Random, rules: Rules
) -> tuple[GameState, Result | Refusal]:
    """The state after a call and its result; a call that can't be carried out changes nothing and gets a Refusal.

    Nothing is read or written, and the same state, call and dice give the same result.
    """
    problem = rules.vocabulary.problem(call, len(state.listed))
    canonical = rules.vocabulary.canonical(call)
    tool = rules.vocabulary.tool(call.tool)
    if problem or canonical is None or tool is None:
        kind: RefusalKind = "wrong arguments" if problem and problem.kind == "argument" else "unknown tool"
        reason = problem.reason if problem else rules.vocabulary.near(call.tool)
        return state, Refusal(kind=kind, call=call.text, tool=call.tool.lower(), reason=reason)
    try:
        request = _request(canonical, tool, dice, rules)
        after, body = _executor(tool)(state, request)
    except Refused as refused:
        return state, Refusal(kind=refused.kind, call=call.text, tool=tool.name, reason=refused.reason)
    result = _result(_label(request), body)
    return after.hearing(result.body), result


def execute_written(
    state: GameState, text: str, dice: random.Random, rules: Rules
) -> tuple[GameState, Call | None, Result | Refusal]:
    """Carry out a call as the app finds it in a text; gives the call too, None where it is malformed."""
    syntax = parse_call(text)
    if syntax is None:
        tool = text.strip("[").partition(":")[0].lower()
        reason = "the call isn't well formed"
        return state, None, Refusal(kind="malformed", call=text, tool=tool, reason=reason)
    arguments = tuple(Argument(name=a.name, value=a.value, span=NOWHERE) for a in syntax.arguments)
    written = Call(tool=syntax.tool, arguments=arguments, span=NOWHERE)
    after, result = execute(state, written, dice, rules)
    return after, rules.vocabulary.canonical(written) or written, result


def _request(call: Call, tool: Tool, dice: random.Random, rules: Rules) -> Request:
    """The call as its executor takes it. Raises Refused where an argument holds markup or nothing."""
    assigned = assign_arguments(tool, call.arguments) or []
    values = {parameter.name: _unquoted(argument.value) for parameter, argument in assigned}
    if any(_MARKUP.search(value) for value in values.values()):
        raise Refused("wrong arguments", "Markdown's marks can't stand in a call")
    if not all(values.values()):
        raise Refused("wrong arguments", "an argument is empty")
    return Request(call, tool, values, dice, rules)


def _executor(tool: Tool) -> Executor:
    """The tool's executor; that of a project's own tool where the vocabulary took from the shipped one what its
    executor reads. Parameters may have come to it."""
    executor, result, needed = EXECUTORS.get(tool.name, (execute_own_tool, tool.result, dict[str, str]()))
    given = {parameter.name: str(parameter.type) for parameter in tool.required}
    return executor if result == tool.result and needed.items() <= given.items() else execute_own_tool


def _label(request: Request) -> str:
    """What a result is labelled with: the check that was rolled, else the tool."""
    return request.values["what"] if _executor(request.tool) is execute_roll else request.tool.name


def _result(label: str, body: str) -> Result:
    """The result as the language reads it back."""
    syntax = parse_result(f"{label}: {body}", 0)
    total = syntax.sum.total if syntax.sum else None
    return Result(label=syntax.label, body=syntax.body, total=total, span=NOWHERE)


def _unquoted(value: str) -> str:
    return value.replace('"', "").strip()
