"""The tools of a project's own vocabulary: the engine doesn't know what they mean, and does what their form says."""

from __future__ import annotations

from loresmith.engine.request import Request
from loresmith.engine.rolls import D20, sum_body
from loresmith.engine.state import GameState
from loresmith.ir.arguments import INTEGER


def execute_own_tool(state: GameState, request: Request) -> tuple[GameState, str]:
    """Say that a tool was used, in the form of its result.

    Where results are sums, an amount counts from 0, and a tool without one rolls a d20.
    """
    values = [argument.value for argument in request.call.arguments]
    if request.tool.result == "text":
        return state, f"{', '.join(values)} done"
    numbers = [value for value in values if INTEGER.fullmatch(value)]
    if numbers and any(parameter.type == "integer" for parameter in request.tool.parameters):
        amount = int(numbers[-1])
        return state, sum_body("0", ((amount, ""),), amount)
    rolled = request.dice.randint(1, D20)
    return state, sum_body(str(rolled), (), rolled)
