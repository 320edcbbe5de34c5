"""TypeScript for the app: a type for each tool, their union, and the parser of calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from loresmith.ir.tools import Lists, Parameter, Tool
from loresmith.ir.vocabulary import Vocabulary

HEAD = "// The tool calls of a DM. Made by `loresmith tools emit typescript`; don't edit.\n"
PARSER = Path(__file__).with_name("parse_tool_calls.ts")
_DICE = """\
/** A dice expression: 1d20, 2d6+3, 2d20kh1. */
export type Dice = `${number}d${number}` | `${number}d${number}${"k" | "+" | "-"}${string}`;
"""


def emit_typescript(vocabulary: Vocabulary) -> str:
    """A module without imports: the types of the calls and `parseToolCalls`, which finds them in a text."""
    names = _Names()
    lists = {name: names.free(_pascal(name)) for name in vocabulary.lists}
    used = {name for tool in vocabulary.tools for p in tool.parameters for name in p.lists}
    calls = {tool.name: names.free(f"{_pascal(tool.name)}Call") for tool in vocabulary.tools}
    pieces = [HEAD, _DICE]
    pieces += [_union(lists[n], [_quoted(v) for v in vs]) for n, vs in vocabulary.lists.items() if n in used]
    pieces += [_interface(tool, calls[tool.name], lists, vocabulary.lists) for tool in vocabulary.tools]
    pieces += ["/** A call, told apart by its `tool`. */\n" + _union("ToolCall", list(calls.values()))]
    return "\n".join([*pieces, PARSER.read_text(encoding="utf-8"), _table(vocabulary)])


class _Names:
    """Type names, none given twice and none that the parser has."""

    def __init__(self) -> None:
        self._taken = {"Dice", "ToolCall", "Tool", "Parameter", "Argument", "Map", "Record", "Readonly"}

    def free(self, wish: str) -> str:
        name, number = wish, 1
        while name in self._taken:
            number += 1
            name = f"{wish}{number}"
        self._taken.add(name)
        return name


def _pascal(name: str) -> str:
    letters = "".join(part.capitalize() for part in name.split("_"))
    return letters if re.match(r"[A-Z]", letters) else f"T{letters}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _union(name: str, members: list[str]) -> str:
    return f"export type {name} =\n" + "\n".join(f"  | {member}" for member in members or ["never"]) + ";\n"


def _interface(tool: Tool, name: str, types: dict[str, str], lists: Lists) -> str:
    lines = [f"/** {_comment(tool.description)} `{tool.signature}` */", f"export interface {name} {{"]
    lines += [f"  tool: {_quoted(tool.name)};", "  arguments: {"]
    for parameter in tool.parameters:
        omissible = parameter.type == "name" and len(tool.required) > 1
        lines += ["    /** Left out: the only member of the party. */"] if omissible else []
        mark = "?" if omissible or not parameter.required else ""
        lines.append(f"    {parameter.name}{mark}: {_type(parameter, types, lists)};")
    return "\n".join([*lines, "  };", "}", ""])


def _comment(text: str) -> str:
    return " ".join(text.split()).replace("*/", "* /")


def _type(parameter: Parameter, types: dict[str, str], lists: Lists) -> str:
    if parameter.type != "choice":
        return "number" if parameter.type == "integer" else "string"
    members = [types[name] for name in parameter.lists if lists[name]]
    members += [_quoted(value) for value in parameter.values] + (["Dice"] if parameter.dice else [])
    return " | ".join(members)


def _table(vocabulary: Vocabulary) -> str:
    rows = [f"  {json.dumps(_row(tool, vocabulary.lists), ensure_ascii=False)}," for tool in vocabulary.tools]
    return "\n".join(["const TOOLS: readonly Tool[] = [", *rows, "];", ""])


def _row(tool: Tool, lists: Lists) -> dict[str, Any]:
    return {
        "name": tool.name,
        "parameters": [_parameter(parameter, lists) for parameter in tool.parameters],
        "aliases": {alias.name: alias.arguments for alias in tool.aliases},
    }


def _parameter(parameter: Parameter, lists: Lists) -> dict[str, Any]:
    told: dict[str, Any] = {
        "choices": parameter.choices(lists),
        "dice": parameter.dice,
        "signed": parameter.sign == "required",
    }
    bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum}
    row = {"name": parameter.name, "type": parameter.type, "required": parameter.required}
    row |= {key: value for key, value in told.items() if value}
    return row | {key: bound for key, bound in bounds.items() if bound is not None}
