"""A tool of the vocabulary: its name, its parameters, its aliases, what its result is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from loresmith.ir.numbers import MOST
from loresmith.ir.scenario import Argument, Node

NAME = r"^[a-z_][a-z0-9_]*$"
"""What a tool, an alias or a parameter may be called: what the app's pattern finds, in lower case."""

Name = Annotated[str, Field(pattern=NAME)]
Word = Annotated[str, Field(pattern=r'^[^\s,=\[\]"]+( [^\s,=\[\]"]+)*$')]
"""A value that a call can give without quotation marks: words with single spaces between them."""
Lists = dict[Name, tuple[Word, ...]]


def _schema_of_parameter(schema: dict[str, Any]) -> None:
    """What the validator below demands, as JSON Schema, so that an editor demands it too."""
    listed = {"required": ["values"], "properties": {"values": {"minItems": 1}}}
    named = {"required": ["lists"], "properties": {"lists": {"minItems": 1}}}
    diced = {"required": ["dice"], "properties": {"dice": {"const": True}}}
    empty = {"values": {"maxItems": 0}, "lists": {"maxItems": 0}, "dice": {"const": False}}
    unbounded = {"minimum": {"type": "null"}, "maximum": {"type": "null"}, "sign": {"const": "optional"}}
    schema["allOf"] = [
        {"if": _typed("choice"), "then": {"anyOf": [listed, named, diced]}, "else": {"properties": empty}},
        {"if": _typed("integer"), "else": {"properties": unbounded}},
    ]


def _typed(kind: str) -> dict[str, Any]:
    return {"properties": {"type": {"const": kind}}}


class Parameter(Node):
    """A parameter of a tool; `minimum` and `maximum` bound an integer, `values` and `lists` a choice."""

    model_config = ConfigDict(json_schema_extra=_schema_of_parameter)

    name: Name = Field(description="What a named argument calls it: `[health: amount=-1]`.")
    type: Literal["name", "integer", "choice", "text"]
    required: bool = Field(default=True, description="Optional parameters come last.")
    values: tuple[Word, ...] = Field(default=(), description="What a choice allows.")
    lists: tuple[str, ...] = Field(default=(), description="Names of lists whose values a choice allows.")
    dice: bool = Field(default=False, description="Whether a choice allows a dice expression such as 2d6+3.")
    sign: Literal["required", "optional"] = Field(
        default="optional", description="Whether an integer must have its sign."
    )
    minimum: int | None = Field(default=None, ge=-MOST, le=MOST)
    maximum: int | None = Field(default=None, ge=-MOST, le=MOST)

    @model_validator(mode="after")
    def _type_fits(self) -> Self:
        if (self.type == "choice") != bool(self.values or self.lists or self.dice):
            raise ValueError("`values`, `lists` or `dice` belong to a choice, and a choice needs one of them")
        if self.type != "integer" and (self.minimum, self.maximum, self.sign) != (None, None, "optional"):
            raise ValueError("`sign`, `minimum` and `maximum` belong to an integer")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("`minimum` is above `maximum`")
        return self

    def choices(self, lists: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Every value that a choice allows, listed ones first."""
        return (*(value for name in self.lists for value in lists[name]), *self.values)


class Alias(Node):
    """Another name for a tool; `arguments` is what its first argument (`{1}`) is rewritten to."""

    name: Name
    arguments: tuple[str, ...] = ()


class Tool(Node):
    """One tool of the vocabulary."""

    name: Name
    description: str = Field(min_length=1, description="One line for the model's system text.")
    parameters: tuple[Parameter, ...] = Field(
        min_length=1, description="In the order in which a call gives them."
    )
    result: Literal["sum", "text"] = Field(description="What comes back: a sum with its total, or words.")
    result_needed: bool = Field(default=False, description="Whether a call without a result is an error.")
    aliases: tuple[Alias, ...] = ()
    examples: tuple[str, ...] = Field(default=(), description="Calls as they are written.")

    @field_validator("parameters")
    @classmethod
    def _ordered(cls, value: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
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

    @property
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

    def alias_arguments(self, values: Sequence[str]) -> list[str]:
        """The first argument of each alias that a call with these values could have been written by."""
        found = list[str]()
        for alias in self.aliases:
            for template, value in zip(alias.arguments, values, strict=False):
                before, mark, behind = template.partition("{1}")
                if mark and value.startswith(before) and value.endswith(behind):
                    found.append(value.removeprefix(before).removesuffix(behind))
        return found

    def name_omitted(self, given: int) -> bool:
        """Whether `given` arguments mean that the `name` was left out, as a party of one may."""
        return given == len(self.required) - 1 and any(p.type == "name" for p in self.required)

    def missing(self, assigned: Sequence[tuple[Parameter, Argument]]) -> str:
        """The first required parameter that has no argument."""
        given = {parameter.name for parameter, _ in assigned}
        return next(p.name for p in self.required if p.name not in given)


def makes_value(parameter: Parameter, template: str) -> bool:
    """Whether an alias may make a parameter's value this way: `-{1}` of a number, `{1} save` of a choice.

    In a choice the argument is a word of its own, and dice aren't pieced together.
    """
    if parameter.type == "integer":
        return template in ("{1}", "+{1}", "-{1}")
    if parameter.type == "choice" and template != "{1}":
        digits = parameter.dice and re.search(r"[0-9]", template.replace("{1}", ""))
        return bool(re.search(r"(^|[\s_])\{1\}($|[\s_])", template)) and not digits
    return True
