"""What a call means: two calls are the same where they do the same, however they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loresmith.check.creatures import name_meant
from loresmith.check.items import read_item
from loresmith.ir.arguments import INTEGER, assign_arguments
from loresmith.ir.scenario import Call
from loresmith.ir.tools import Parameter, Tool
from loresmith.ir.vocabulary import Vocabulary

LEFT_OUT = ""
_NOTE = re.compile(r"\([^()]*\)")


def meaning_of(call: Call, vocabulary: Vocabulary, party: Sequence[str]) -> tuple[str, ...]:
    """The tool and a value for each of its parameters, LEFT_OUT for one that isn't given, of a canonical call.

    As the language has it: `player`, the player character's own name and no name in a party of one are the same, be it
    who acts or whom a spell is for, and so are words without their article, number and letter case (but not their
    count), items without their notes too. `party` begins with the player character. Arguments that don't fit the tool
    stay as written.
    """
    tool = vocabulary.tool(call.tool)
    assigned = assign_arguments(tool, call.arguments) if tool else None
    if tool is None or assigned is None:
        return (call.tool, call.text)
    given = {parameter.name: argument.value for parameter, argument in assigned}
    return (
        tool.name,
        *(_value(tool, parameter, given.get(parameter.name), party) for parameter in tool.parameters),
    )


def _value(tool: Tool, parameter: Parameter, written: str | None, party: Sequence[str]) -> str:
    if parameter.type == "name" and (written is not None or parameter.required):
        name = name_meant(written or "player", party, party[0])
        return name if name in party else read_item(name)[0]
    if written is None:
        return LEFT_OUT
    if parameter.type == "text":
        person = name_meant(written, party, party[0])
        if person in party:
            return person
        name, count = read_item(written)
        # Items are the same but for their notes; a place's crypt isn't its tower.
        note = "" if tool.name == "inventory" else " ".join(_NOTE.findall(written)).lower()
        return f"{name} x{count}{note}"
    return str(int(written)) if parameter.type == "integer" and INTEGER.fullmatch(written) else written
