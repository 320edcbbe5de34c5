"""The system text: Role, World, Location, Party, and the tools with their descriptions."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.ir.scenario import Member, System
from loresmith.ir.vocabulary import Tool, Vocabulary


def system_text(system: System, vocabulary: Vocabulary) -> str:
    """What the model is told before the first turn."""
    lines = [system.role]
    lines += [f"World: {system.world}"] if system.world else []
    lines += [f"Location: {system.location}"] if system.location else []
    lines += [f"{field.name}: {field.value}" for field in system.fields]
    lines += ["Party:", *(f"- {_member_line(member)}" for member in system.party)]
    lines += ["Tools:", *(f"- {_tool_line(tool)}" for tool in vocabulary.tools)]
    return "\n".join(lines)


def _member_line(member: Member) -> str:
    name = f"{member.name} (player)" if member.player else member.name
    people = " ".join(filter(None, (member.race, member.character_class)))
    return f"{name}: {people}, level {member.level}; " + "; ".join(_member_facts(member))


def _member_facts(member: Member) -> Iterator[str]:
    yield f"Health {member.health}/{member.max_health}"
    if member.experience is not None:
        yield f"Experience {member.experience}"
    if member.inventory:
        yield f"Inventory: {', '.join(member.inventory)}"
    for detail in member.details:
        yield f"{detail.name}: {detail.value}"


def _tool_line(tool: Tool) -> str:
    parameters = ", ".join(p.name if p.required else f"{p.name}?" for p in tool.parameters)
    return f"[{tool.name}: {parameters}] {tool.description}"
