"""The tool vocabulary: which tools there are, what they take, what their results are."""

from __future__ import annotations

import difflib
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from loresmith.ir.arguments import INTEGER, assign_arguments, canonical_value, names_needed, value_problem
from loresmith.ir.scenario import Argument, Call, Node
from loresmith.ir.tool_file import read_tool_file
from loresmith.ir.tools import Lists, Parameter, Tool
from loresmith.resources import shipped_folder

__all__ = ["Parameter", "Problem", "Tool", "Vocabulary", "load_vocabulary"]


MOST_KNOWN = 4096
"""How many calls a vocabulary remembers its judgement of, and how many the canonical form of."""


class Problem(Node):
    """What is wrong with a call: the reason, a hint, and the argument's index (None for the whole call)."""

    kind: Literal["tool", "argument"]
    reason: str
    hint: str | None = None
    argument: int | None = None


class Vocabulary(Node):
    """The tools in the order of the files, with the lists that their parameters name."""

    tools: tuple[Tool, ...]
    lists: Lists = Field(default_factory=dict)

    @cached_property
    def _by_name(self) -> dict[str, Tool]:
        return {name: tool for tool in self.tools for name in tool.names}

    @cached_property
    def _problems(self) -> dict[tuple[object, ...], Problem | None]:
        """What `problem` has found: a corpus has the same few calls over and over."""
        return {}

    @cached_property
    def _canonical_forms(self) -> dict[tuple[object, ...], list[tuple[int, str | None, str]]]:
        """What `canonical` has made: of each argument which one's span it has, its name and its value."""
        return {}

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that a call may begin with, aliases included, in lower case."""
        return frozenset(self._by_name)

    @cached_property
    def labels(self) -> frozenset[str]:
        """What a result may be labelled with: tools, aliases and every listed choice of a sum tool's first
        parameter."""
        firsts = (tool.parameters[0] for tool in self.tools if tool.result == "sum" and tool.parameters)
        return self.names | {choice for first in firsts for choice in first.choices(self.lists)}

    def tool(self, name: str) -> Tool | None:
        """The tool of that name or alias, in any letter case."""
        return self._by_name.get(name.lower())

    def canonical(self, call: Call) -> Call | None:
        """The call under its tool's own name, aliases rewritten, arguments in the tool's order and spelling.

        None when no tool has that name. Wrong arguments stay as they are; `problem` finds them.
        """
        tool = self.tool(call.tool)
        if tool is None:
            return None
        key = (call.tool, *((a.name, a.value) for a in call.arguments))
        if key not in self._canonical_forms:
            if len(self._canonical_forms) >= MOST_KNOWN:
                self._canonical_forms.clear()
            spans = [id(a.span) for a in call.arguments]
            made = self._canonical_arguments(tool, call)
            self._canonical_forms[key] = [(spans.index(id(a.span)), a.name, a.value) for a in made]
        known = self._canonical_forms[key]
        arguments = tuple(_spelled(call.arguments[at], value, name) for at, name, value in known)
        return Call(tool=tool.name, arguments=arguments, span=call.span)

    def _canonical_arguments(self, tool: Tool, call: Call) -> tuple[Argument, ...]:
        arguments = _rewritten(tool, call)
        assigned = assign_arguments(tool, arguments)
        if assigned is None:
            return arguments
        values = ((p, a, canonical_value(p, a.value, self.lists)) for p, a in assigned)
        named = names_needed(tool, assigned)
        return tuple(_spelled(a, value, p.name if p.name in named else None) for p, a, value in values)

    def check_call(self, call: Call, member_count: int) -> str | None:
        """None when the call is valid in a party of `member_count`, else the reason why it isn't."""
        problem = self.problem(call, member_count)
        return problem.reason if problem else None

    def problem(self, call: Call, member_count: int) -> Problem | None:
        """The first thing that is wrong with a call, with the argument it stands at."""
        key = (call.tool, member_count, *((a.name, a.value) for a in call.arguments))
        if key not in self._problems:
            if len(self._problems) >= MOST_KNOWN:
                self._problems.clear()
            self._problems[key] = self._problem(call, member_count)
        return self._problems[key]

    def _problem(self, call: Call, member_count: int) -> Problem | None:
        canonical = self.canonical(call)
        tool = self.tool(call.tool)
        if tool is None or canonical is None:
            return Problem(kind="tool", reason=f"There is no tool {call.tool!r}.", hint=self.near(call.tool))
        assigned = assign_arguments(tool, canonical.arguments)
        if assigned is None:
            return _misassigned(tool, canonical.arguments)
        if tool.name_omitted(len(assigned)) and member_count != 1:
            reason = f"`{tool.name}` lacks its argument `{tool.missing(assigned)}`."
            return Problem(kind="argument", reason=reason, hint=f"Write {tool.signature}.")
        for index, (parameter, argument) in enumerate(assigned):
            found = value_problem(parameter, argument.value, self.lists)
            if found:
                return Problem(kind="argument", reason=found[0], hint=found[1], argument=index)
        return None

    def near(self, name: str) -> str:
        """A did-you-mean for an unknown tool, or the list of the known ones."""
        close = difflib.get_close_matches(name.lower(), self.names, n=1)
        known = ", ".join(tool.name for tool in self.tools)
        return f"Did you mean {close[0]!r}?" if close else f"Known tools: {known}."


def load_vocabulary(project_tools: Path | None = None, text: str | None = None) -> Vocabulary:
    """The shipped vocabulary with the project's file on top, which may add, replace, extend and remove.

    `text` stands for what the file holds, where an editor has changed it and not saved it. A project's file that
    isn't there is the same as none. Raises InvalidCall for a file that isn't valid.
    """
    tools, lists = read_tool_file(shipped_folder("grammar") / "tools.yaml", {}, {})
    if project_tools is not None and (text is not None or project_tools.is_file()):
        tools, lists = read_tool_file(project_tools, tools, lists, text)
    return Vocabulary(tools=tuple(tools.values()), lists=lists)


def _spelled(argument: Argument, value: str, name: str | None) -> Argument:
    """The argument with that value and that name."""
    same = argument.value == value and argument.name == name
    return argument if same else Argument(name=name, value=value, span=argument.span)


def _rewritten(tool: Tool, call: Call) -> tuple[Argument, ...]:
    """The arguments of a call by an alias as its tool takes them: `[save: wisdom]` has `wisdom save`."""
    alias = tool.alias(call.tool)
    if alias is None or not alias.arguments or not call.arguments:
        return call.arguments
    first = call.arguments[0]
    value = first.value.removeprefix("+") if INTEGER.fullmatch(first.value) else first.value
    made = [Argument(value=text.replace("{1}", value), span=first.span) for text in alias.arguments]
    return (*made, *call.arguments[1:])


def _misassigned(tool: Tool, arguments: tuple[Argument, ...]) -> Problem:
    """Why the arguments can't be matched with the parameters: an unknown name, too many, too few."""
    names = {parameter.name for parameter in tool.parameters}
    hint = f"Write {tool.signature}."
    given = set[str]()
    for index, name in enumerate((argument.name or "").lower() for argument in arguments):
        if name and name not in names:
            reason = f"`{tool.name}` has no argument `{arguments[index].name}`."
            return Problem(kind="argument", reason=reason, hint=hint, argument=index)
        if name in given:
            reason = f"`{tool.name}` has its argument `{name}` twice."
            return Problem(kind="argument", reason=reason, hint=hint, argument=index)
        given |= {name} - {""}
    if len(arguments) > len(tool.parameters):
        most = len(tool.parameters)
        reason = f"`{tool.name}` takes {most} argument{'s' * (most > 1)} at most, not {len(arguments)}."
        return Problem(kind="argument", reason=reason, hint=hint, argument=most)
    return Problem(kind="argument", reason=f"`{tool.name}` lacks an argument.", hint=hint)
