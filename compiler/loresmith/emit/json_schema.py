"""The JSON Schema of calls as objects."""

from __future__ import annotations

from typing import Any

from loresmith.emit.party import Party
from loresmith.ir.numbers import MOST
from loresmith.ir.tools import Lists, Parameter, Tool
from loresmith.ir.vocabulary import Vocabulary

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DICE = r"^0{0,8}[1-9][0-9]{0,8}d0{0,8}([2-9][0-9]{0,8}|1[0-9]{1,8})(k[hl]1)?([+-][0-9]{1,9})*$"
"""Nine digits of each number, as in a call; zeros before them are counted apart, which keeps the pattern short."""


def emit_json_schema(vocabulary: Vocabulary, party: Party | None = None) -> dict[str, Any]:
    """The schema of `{tool, arguments}`: one alternative for each tool.

    `party` narrows who may be named and whether a name may be left out.
    """
    known = party or Party()
    return {
        "$schema": DIALECT,
        "title": "ToolCall",
        "description": "One tool call of a DM.",
        "oneOf": [_tool(tool, vocabulary.lists, known) for tool in vocabulary.tools],
    }


def _tool(tool: Tool, lists: Lists, party: Party) -> dict[str, Any]:
    return {
        "title": tool.name,
        "description": tool.description,
        "type": "object",
        "properties": {"tool": {"const": tool.name}, "arguments": _arguments(tool, lists, party)},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def _arguments(tool: Tool, lists: Lists, party: Party) -> dict[str, Any]:
    required = [parameter.name for parameter in tool.required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {p.name: _parameter(p, lists, party) for p in tool.parameters},
        "additionalProperties": False,
    }
    shorter = [
        {"required": [name for name in required if name != p.name], "maxProperties": len(required) - 1}
        for p in tool.required
        if p.type == "name" and party.may_omit_name and len(required) > 1
    ]
    return schema | ({"anyOf": [{"required": required}, *shorter]} if shorter else {"required": required})


def _parameter(parameter: Parameter, lists: Lists, party: Party) -> dict[str, Any]:
    if parameter.type == "integer":
        low, high = parameter.minimum, parameter.maximum
        return {
            "type": "integer",
            "minimum": -MOST if low is None else low,
            "maximum": MOST if high is None else high,
        }
    if parameter.type == "choice":
        listed = {"enum": list(dict.fromkeys(parameter.choices(lists)))}
        dice = {"type": "string", "pattern": DICE}
        found = ([listed] if listed["enum"] else []) + ([dice] if parameter.dice else [])
        return found[0] if len(found) == 1 else {"anyOf": found}
    if parameter.type == "name" and party.names:
        return {"enum": list(party.names)}
    return {"type": "string", "pattern": r"^[^\]\r\n]*[^\]\s][^\]\r\n]*$"}
