"""A tools.yaml: what it adds to the file below it, changes in it and takes out of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from loresmith.diagnostics.yaml_file import Location, YamlFile, read_yaml
from loresmith.ir.arguments import value_problem
from loresmith.ir.scenario import Node
from loresmith.ir.tools import Alias, Lists, Name, Parameter, Tool, makes_value

Tools = dict[str, Tool]
Problem = tuple[Location, str, str]


class ToolExtension(Node):
    """What a tool that is already there gains: a parameter of a name that it has takes that one's place."""

    name: str = Field(description="The tool's own name.")
    description: str | None = Field(default=None, min_length=1, description="Replaces the description.")
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[Alias, ...] = ()
    examples: tuple[str, ...] = ()

    def applied_to(self, tool: Tool) -> Tool:
        """The tool with all this; raises ValidationError when the whole isn't a valid tool."""
        mine = {parameter.name: parameter for parameter in self.parameters}
        merged = {parameter.name: parameter for parameter in tool.parameters} | mine
        changed = {
            "description": self.description or tool.description,
            "parameters": [parameter.model_dump() for parameter in merged.values()],
            "aliases": [alias.model_dump() for alias in (*tool.aliases, *self.aliases)],
            "examples": (*tool.examples, *self.examples),
        }
        return Tool.model_validate(tool.model_dump() | changed)


class Extensions(Node):
    """Additions to the lists and the tools of the file below."""

    lists: Lists = Field(default_factory=dict)
    tools: tuple[ToolExtension, ...] = ()


class ToolFile(Node):
    """A tools.yaml, whole."""

    version: Literal[1] = 1
    lists: Lists = Field(
        default_factory=dict,
        description="Values that choices share; a list takes the place of the one below of its name.",
    )
    tools: tuple[Tool, ...] = Field(
        default=(), description="New tools; an entry takes the place of the one below of its name."
    )
    extend: Extensions = Field(
        default=Extensions(), description="What is added to the lists and tools below."
    )
    remove: tuple[Name, ...] = Field(default=(), description="The tools below that the DM doesn't have here.")


def read_tool_file(path: Path, below: Tools, lists: Lists, text: str | None = None) -> tuple[Tools, Lists]:
    """The tools and lists of a file put on top of those `below`; `text` stands for what the file holds.

    Raises InvalidCall with line, column, excerpt and, where there is one, a did-you-mean.
    """
    source = read_yaml(path, "tool vocabulary", may_be_empty=True, text=text)
    file = source.typed(ToolFile)
    tools, all_lists = _merged(source, file, below, lists)
    for location, message, remedy in _problems(file, tools, all_lists):
        raise source.failure(location, message, remedy)
    return tools, all_lists


def _merged(source: YamlFile, file: ToolFile, below: Tools, lists: Lists) -> tuple[Tools, Lists]:
    for index, name in enumerate(file.remove):
        _require(source, ("remove", index), name, below, "tool")
    tools = {name: tool for name, tool in below.items() if name not in file.remove}
    for index, extension in enumerate(file.extend.tools):
        _require(source, ("extend", "tools", index, "name"), extension.name, tools, "tool")
        try:
            tools[extension.name] = extension.applied_to(tools[extension.name])
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise source.failure(("extend", "tools", index), f"{extension.name}: {reason}.") from error
    merged = dict(lists)
    for name, values in file.extend.lists.items():
        _require(source, ("extend", "lists", name), name, merged, "list")
        merged[name] = (*merged[name], *values)
    return tools | {tool.name: tool for tool in file.tools}, merged | file.lists


def _require(source: YamlFile, location: Location, name: str, known: Iterable[str], kind: str) -> None:
    if name not in known:
        raise source.failure(location, f"There is no {kind} {name!r} below this file.", _near(name, known))


def _near(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(names) or 'none'}."


def _problems(file: ToolFile, tools: Tools, lists: Lists) -> Iterator[Problem]:
    """What is wrong with the entries of a file in the whole that they make."""
    places = [(("tools", i), tool) for i, tool in enumerate(file.tools)]
    places += [(("extend", "tools", i), tools[e.name]) for i, e in enumerate(file.extend.tools)]
    seen: set[str] = set()
    for location, tool in places:
        if tool.name in seen:
            yield (*location, "name"), f"The tool {tool.name!r} has two entries here.", "Make them one."
        seen.add(tool.name)
        yield from _list_problems(location, tool, lists)
        yield from _name_problems(location, tool, tools.values())
        for index, alias in enumerate(tool.aliases):
            for reason in _alias_problems(tool, alias, lists):
                yield (*location, "aliases", index), f"The alias {alias.name!r}: {reason}", ""


def _list_problems(location: Location, tool: Tool, lists: Lists) -> Iterator[Problem]:
    for index, parameter in enumerate(tool.parameters):
        for number, name in enumerate(parameter.lists):
            if name not in lists:
                place = (*location, "parameters", index, "lists", number)
                yield place, f"There is no list {name!r}.", _near(name, lists)


def _name_problems(location: Location, tool: Tool, tools: Iterable[Tool]) -> Iterator[Problem]:
    taken = {name: other.name for other in tools if other.name != tool.name for name in other.names}
    if len(set(tool.names)) < len(tool.names):
        yield (*location, "aliases"), f"{tool.name!r} has one name twice.", ""
    if tool.name in taken:
        yield (*location, "name"), f"The name {tool.name!r} belongs to {taken[tool.name]!r} already.", ""
    for index, alias in enumerate(tool.aliases):
        if alias.name in taken:
            message = f"The name {alias.name!r} belongs to {taken[alias.name]!r} already."
            yield (*location, "aliases", index, "name"), message, ""


def _alias_problems(tool: Tool, alias: Alias, lists: Lists) -> Iterator[str]:
    """Why the arguments that an alias is rewritten to can't be right."""
    if len(alias.arguments) > len(tool.parameters):
        yield f"`{tool.name}` takes {len(tool.parameters)} arguments at most."
    if alias.arguments and "".join(alias.arguments).count("{1}") != 1:
        yield "its arguments use `{1}` once, no more and no less."
    for parameter, text in _pairs(tool.parameters, alias.arguments):
        found = None if "{1}" in text else value_problem(parameter, text, lists)
        if found:
            yield found[0]
        if "{1}" in text and not makes_value(parameter, text):
            yield f"{text!r} can't make a value of `{parameter.name}` ({parameter.type}) of its argument."


def _pairs(parameters: Sequence[Parameter], texts: Sequence[str]) -> Iterator[tuple[Parameter, str]]:
    yield from zip(parameters, texts, strict=False)
