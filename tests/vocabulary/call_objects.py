"""What `parseToolCalls` has to make of a call: `{"tool": "health", "arguments": {"name": "Lyra", "amount": -1}}`."""

from __future__ import annotations

import re

from loresmith.ir.arguments import assign_arguments
from loresmith.ir.scenario import Call
from loresmith.ir.tools import Parameter
from loresmith.ir.vocabulary import Vocabulary

Value = str | int
CallObject = dict[str, str | dict[str, Value]]


def call_object(call: Call, vocabulary: Vocabulary) -> CallObject:
    """A right call as an object: numbers as such, choices in their own spelling, texts without their quotes,
    names as written.

    Arguments that the call leaves out are left out. Raises ValueError for a call that isn't right.
    """
    canonical = vocabulary.canonical(call)
    tool = vocabulary.tool(call.tool)
    assigned = assign_arguments(tool, canonical.arguments) if tool and canonical else None
    if tool is None or assigned is None:
        raise ValueError(f"{call.text} isn't a right call")
    return {"tool": tool.name, "arguments": {p.name: _value(p, a.value) for p, a in assigned}}


def _value(parameter: Parameter, value: str) -> Value:
    if parameter.type == "integer":
        return int(value)
    return value[1:-1].strip() if re.fullmatch(r'"[^"]*"', value) else value
