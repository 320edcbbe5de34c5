"""The entries of a tools.yaml: tools, their parameters, their aliases, checked as they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from loresmith.diagnostics.failure import InvalidCall
from loresmith.ir.scenario import Argument, Node

Lists = dict[str, tuple[str, ...]]


class Parameter(Node):
    """A parameter of a tool; `minimum` and `maximum` bound an integer, `values` and `lists` a choice."""

    name: str = Field(pattern=r"^\w+$")
    type: Literal["name", "integer", "choice", "text"]
    required: bool = True
    values: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    dice: bool = False
    sign: Literal["required", "optional"] = "optional"
    minimum: int | None = None
    maximum: int | None = None

    @model_validator(mode="after")
    def _type_fits(self) -> Self:
        if (self.type == "choice") != bool(self.values or self.lists):
            raise ValueError("`values` or `lists` belong to a choice, and a choice needs them")
        if self.type != "integer" and (self.minimum, self.maximum) != (None, None):
            raise ValueError("`minimum` and `maximum` belong to an integer")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("`minimum` is above `maximum`")
        return self

    def choices(self, lists: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Every value that a choice allows, listed ones first."""
        return (*chain.from_iterable(lists[name] for name in self.lists), *self.values)


class Alias(Node):
    """Another name for a tool; `arguments` is what its first argument (`{1}`) is rewritten to."""

    name: str = Field(pattern=r"^[a-z_]\w*$")
    arguments: tuple[str, ...] = ()


class Tool(Node):
    """One tool of the vocabulary."""

    name: str = Field(pattern=r"^[a-z_]\w*$")
    description: str = Field(min_length=1)
    parameters: tuple[Parameter, ...]
    result: Literal["sum", "text"]
    result_needed: bool = False
    aliases: tuple[Alias, ...] = ()
    examples: tuple[str, ...] = ()

    @field_validator("parameters")
    @classmethod
    def _ordered(cls, value: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        if not value:
            raise ValueError("a tool needs at least one parameter: a call without arguments can't be found")
        if len({p.name for p in value}) < len(value):
            raise ValueError("two parameters share a name")
        required = [p.required for p in value]
        if required != sorted(required, reverse=True):
            raise ValueError("optional parameters come last")
        return value

    @property
    def names(self) -> tuple[str, ...]:
        """The tool's own name and its aliases."""
        return (self.name, *(alias.name for alias in self.aliases))

    @cached_property
    def required(self) -> tuple[Parameter, ...]:
        """The parameters that a call must give."""
        return tuple(p for p in self.parameters if p.required)

    @property
    def signature(self) -> str:
        """How a call is written: `[health: name, amount]`."""
        return f"[{self.name}: {', '.join(p.name if p.required else f'{p.name}?' for p in self.parameters)}]"

    def alias(self, name: str) -> Alias | None:
        """The alias of that name, if it is one."""
        return next((alias for alias in self.aliases if alias.name == name.lower()), None)

    def name_omitted(self, given: int) -> bool:
        """Whether `given` arguments mean that the `name` was left out, as a party of one may."""
        return given == len(self.required) - 1 and self._takes_name

    @cached_property
    def _takes_name(self) -> bool:
        return any(p.type == "name" for p in self.required)

    def missing(self, assigned: Sequence[tuple[Parameter, Argument]]) -> str:
        """The first required parameter that has no argument."""
        given = {parameter.name for parameter, _ in assigned}
        return next(p.name for p in self.required if p.name not in given)


class ToolFile(Node):
    """A tools.yaml, whole."""

    version: Literal[1] = 1
    lists: Lists = Field(default_factory=dict)
    tools: tuple[Tool, ...] = ()


def read_tool_file(path: Path, lists: Lists, below: Sequence[Tool] = ()) -> ToolFile:
    """The entries of a file; `lists` and `below` come from the file that this one is put on top of.

    Raises InvalidCall with the place and the reason when the file isn't valid.
    """
    try:
        content: object = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        file = ToolFile.model_validate(content)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidCall("The tool vocabulary can't be read.", where=str(path), remedy=str(error)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise InvalidCall("The tool vocabulary isn't valid YAML.", where=where, remedy=str(error)) from error
    except ValidationError as error:
        raise _invalid(path, _first_error(error)) from error
    _check_lists(path, file, {**lists, **file.lists})
    _check_names(path, [*(t for t in below if t.name not in {n.name for n in file.tools}), *file.tools])
    return file


def _first_error(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return re.sub(r"^Value error, ", "", f"{first['msg']}") + (f" (at {place})" if place else "")


def _check_lists(path: Path, file: ToolFile, lists: Lists) -> None:
    for tool in file.tools:
        for name in (name for p in tool.parameters for name in p.lists):
            if name not in lists:
                raise _invalid(path, f"The tool {tool.name!r} names the list {name!r}, which isn't there.")


def _check_names(path: Path, tools: Sequence[Tool]) -> None:
    taken: dict[str, str] = {}
    for tool in tools:
        for name in tool.names:
            if name in taken:
                raise _invalid(path, f"The name {name!r} belongs to both {taken[name]!r} and {tool.name!r}.")
            taken[name] = tool.name


def _invalid(path: Path, reason: str) -> InvalidCall:
    return InvalidCall(
        f"The tool vocabulary isn't valid: {reason}", where=str(path), remedy="Mend the entry."
    )
