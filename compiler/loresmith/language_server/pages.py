"""What is shown of a tool, a parameter and a party member, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loresmith.ir.scenario import Member
from loresmith.ir.tools import Alias, Parameter, Tool

Lists = Mapping[str, Sequence[str]]

MOST_CHOICES = 12
"""Longer lists of values are cut: completion shows them whole."""
_RESULTS = {"sum": "a sum, `20 - 3 = *17*`", "text": "words"}


def tool_page(tool: Tool, lists: Lists) -> str:
    """A tool: how it is called, what it takes, what comes back."""
    needed = ", needed before the next User turn" if tool.result_needed else ""
    parameters = "\n".join(f"- {parameter_line(parameter, lists)}" for parameter in tool.parameters)
    pieces = [
        f"**`{tool.signature}`**",
        tool.description,
        parameters,
        f"Result: {_RESULTS[tool.result]}{needed}.",
        "; ".join(_alias_line(tool, alias) for alias in tool.aliases),
        " ".join(f"`{example}`" for example in tool.examples),
    ]
    return "\n\n".join(filter(None, pieces))


def parameter_line(parameter: Parameter, lists: Lists) -> str:
    """A parameter: its name and what it allows, on one line."""
    optional = "" if parameter.required else " (optional)"
    return f"`{parameter.name}`{optional}: {_allowed(parameter, lists)}"


def member_page(member: Member) -> str:
    """A party member's sheet."""
    kind = " ".join(filter(None, (member.race, member.character_class)))
    rows = [("Health", f"{member.health}/{member.max_health}")]
    rows += [("Experience", str(member.experience))] if member.experience is not None else []
    rows += [("Inventory", ", ".join(member.inventory))] if member.inventory else []
    rows += [(detail.name, detail.value) for detail in member.details]
    head = f"**{member.name}**{' (player)' if member.player else ''}: {kind}, level {member.level}"
    return "\n".join([head, "", *(f"- {name}: {value}" for name, value in rows)])


def _alias_line(tool: Tool, alias: Alias) -> str:
    if not alias.arguments:
        return f"`{alias.name}` is the same"
    meant = ", ".join(alias.arguments).replace("{1}", "…")
    return f"`[{alias.name}: …]` means `[{tool.name}: {meant}]`"


def _allowed(parameter: Parameter, lists: Lists) -> str:
    if parameter.type == "choice":
        return _choices(parameter, lists)
    if parameter.type == "name":
        return "a party member, a creature met in the text, or `player`"
    return _integer(parameter) if parameter.type == "integer" else "text"


def _choices(parameter: Parameter, lists: Lists) -> str:
    choices = parameter.choices(lists)
    shown = [", ".join(choices[:MOST_CHOICES]) + (", …" if len(choices) > MOST_CHOICES else "")]
    return " or ".join(filter(None, [*shown, "dice such as `2d6+3`" if parameter.dice else ""]))


def _integer(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    bounds = [f"from {low}"] if low is not None else []
    bounds += [f"up to {high}"] if high is not None else []
    sign = ["with its sign"] if parameter.sign == "required" else []
    return " ".join(["a whole number", *sign, *bounds])
