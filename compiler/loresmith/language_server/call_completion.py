"""Tools after `[`, and the values of a call's arguments as far as the vocabulary and the party give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lsprotocol.types import CompletionItemKind

from loresmith.check.items import Pack
from loresmith.elaborate.draft import MadeCall
from loresmith.emit.party import Party
from loresmith.ir.arguments import DICE, assign_arguments, value_problem
from loresmith.ir.tools import Alias, Parameter, Tool
from loresmith.language_server.analysis import Analysis
from loresmith.language_server.offer import Offer, Offered
from loresmith.language_server.pages import tool_page
from loresmith.syntax.calls import parse_call
from loresmith.syntax.tree import ArgumentSyntax, TurnSection

DICE_OFFERED = ("1d20", "1d4", "1d6", "1d8", "1d10", "1d12", "1d100")
_NAME = re.compile(r"(?<![\w\]])\[(\w*)$", re.ASCII)
_CALL = re.compile(r"\[(\w+):[^\]\n]*$", re.ASCII)
_TYPED = "_"
"""Stands for what is still to be typed, so that the grammar reads the call as far as it goes."""


def tool_names(analysis: Analysis, offset: int) -> Offered | None:
    """The tools, where a call begins in a DM turn."""
    match = _NAME.search(analysis.line_before(offset))
    section = analysis.section_at(offset)
    if match is None or not isinstance(section, TurnSection) or analysis.is_user_turn(section):
        return None
    tools = analysis.vocabulary.tools
    offers = [_tool(tool, tool.name, analysis) for tool in tools]
    offers += [_tool(tool, alias.name, analysis) for tool in tools for alias in tool.aliases]
    return Offered(offset - len(match[1]), tuple(offers))


def in_call(analysis: Analysis, offset: int) -> Offered | None:
    """The values of the argument that is being typed."""
    match = _CALL.search(analysis.line_before(offset))
    tool = analysis.vocabulary.tool(match[1]) if match else None
    if match is None or tool is None:
        return None
    start = offset - len(match[0])
    typed = analysis.source.text[start:offset]
    syntax = parse_call(f"{typed}{_TYPED}]", start)
    if syntax is None:
        return None
    *given, last = syntax.arguments
    written = analysis.source.text[last.range.start : offset]
    value = written.partition("=")[2].lstrip() if last.name else written
    place = _ArgumentPlace(analysis, tool, tool.alias(match[1]), given, last, offset)
    return Offered(offset - len(value), tuple(place.offers()))


def _tool(tool: Tool, name: str, analysis: Analysis) -> Offer:
    # Without a space after the colon: the one that is typed then asks for the values.
    page = tool_page(tool, analysis.vocabulary.lists)
    return Offer(name, CompletionItemKind.Function, f"{name}:", tool.signature, page)


class _ArgumentPlace:
    """The place of an argument in a half-written call: `given` come before it."""

    def __init__(
        self,
        analysis: Analysis,
        tool: Tool,
        alias: Alias | None,
        given: Sequence[ArgumentSyntax],
        last: ArgumentSyntax,
        offset: int,
    ) -> None:
        self.analysis = analysis
        self.tool = tool
        self.templates = alias.arguments if alias else ()
        self.given = given
        self.last = last
        self.offset = offset

    def offers(self) -> Iterable[Offer]:
        """What the place allows, each text once."""
        offers: dict[str, Offer] = {}
        for parameter in self._parameters():
            for offer in self._values(parameter):
                offers.setdefault(offer.text, offer)
        return offers.values()

    def _parameters(self) -> list[Parameter]:
        """What the argument may be for: two parameters where the name may have been left out."""
        if self.last.name:
            return [p for p in self.tool.parameters if p.name == self.last.name.lower()]
        named = {argument.name.lower() for argument in self.given if argument.name}
        free = [parameter for parameter in self.tool.parameters if parameter.name not in named]
        index = sum(argument.name is None for argument in self.given)
        if self.templates:
            made = [p for p, t in zip(free, self.templates, strict=False) if "{1}" in t]
            free = [*made[:1], *free[len(self.templates) :]]
        without = _without_name(free)
        if len(self.analysis.names) != 1 or self.templates or without == free:
            return free[index : index + 1]
        if self.given and self._begins_with(without[:1]):
            return without[index : index + 1]
        return list({p.name: p for p in (*free[index : index + 1], *without[index : index + 1])}.values())

    def _begins_with(self, parameters: list[Parameter]) -> bool:
        """Whether the first argument is a value of the first of `parameters`: then the name was left out."""
        lists = self.analysis.vocabulary.lists
        return any(
            p.type in ("choice", "integer") and value_problem(p, self.given[0].value, lists) is None
            for p in parameters
        )

    def _values(self, parameter: Parameter) -> list[Offer]:
        if parameter.type == "choice":
            return self._choices(parameter)
        if parameter.type == "name":
            return [_value(name, CompletionItemKind.Variable) for name in self._names()]
        carried = parameter.type == "text" and parameter.name == "item"
        return [_value(item, CompletionItemKind.Value) for item in self._items()] if carried else []

    def _choices(self, parameter: Parameter) -> list[Offer]:
        choices = parameter.choices(self.analysis.vocabulary.lists)
        template = next((t for t in self.templates if "{1}" in t), "{1}") if not self.given else "{1}"
        before, _, after = template.partition("{1}")
        fitting = [c for c in choices if c.startswith(before) and c.endswith(after)]
        bare = [c[len(before) : len(c) - len(after)] for c in fitting]
        dice = self._dice() if parameter.dice and template == "{1}" else []
        return [_value(c, CompletionItemKind.EnumMember) for c in bare if c] + dice

    def _dice(self) -> list[Offer]:
        """The dice of the file's own calls, then single ones."""
        used = (call.first.lower() for call in self.analysis.calls if DICE.fullmatch(call.first.lower()))
        return [_value(dice, CompletionItemKind.Value) for dice in dict.fromkeys((*used, *DICE_OFFERED))]

    def _names(self) -> list[str]:
        """The members, the player, and whom the file's own calls name."""
        members = self.analysis.names
        others = [value for call in self.analysis.calls for value in _names_in(call)]
        known = dict.fromkeys([*members, "player"])
        short = set(Party(members).names)
        return [*known, *(name for name in dict.fromkeys(others) if name not in known and name not in short)]

    def _items(self) -> list[str]:
        """What the named member carries at this place; nothing where an item is added."""
        values = [argument.value for argument in self.given]
        named = self.tool.parameters[0].type == "name" and len(values) == len(self.tool.parameters) - 1
        member = self.analysis.member(values[0] if named else "player")
        if member is None or "add" in values:
            return []
        items = list(member.inventory)
        pack = Pack(items)
        for call in self.analysis.calls:
            if self._is_before(call) and self.analysis.member(self.analysis.cast.named(call)) == member:
                items += _follow(call, pack)
        return [_bare(item) for item in items if pack.remove(item)]

    def _is_before(self, call: MadeCall) -> bool:
        is_same = call.tool is self.tool and call.call is not None
        return is_same and self.analysis.place(call.span).end <= self.offset


def _follow(call: MadeCall, pack: Pack) -> list[str]:
    """Take a call into the books; gives the items that it adds."""
    arguments = call.call.arguments if call.call else ()
    if len(arguments) < 2:
        return []
    action, item = arguments[-2].value, arguments[-1].value
    if action == "add":
        pack.add(item)
        return [item]
    pack.remove(item)
    return []


def _names_in(call: MadeCall) -> list[str]:
    assigned = assign_arguments(call.tool, call.call.arguments) if call.tool and call.call else None
    return [argument.value for parameter, argument in assigned or () if parameter.type == "name"]


def _without_name(parameters: list[Parameter]) -> list[Parameter]:
    first = next((parameter for parameter in parameters if parameter.type == "name"), None)
    return [parameter for parameter in parameters if parameter is not first]


def _value(text: str, kind: CompletionItemKind) -> Offer:
    return Offer(text, kind, text)


def _bare(item: str) -> str:
    """An item without its note and number."""
    return re.sub(r"\s*(?:\([^()]*\)|[x×]\s*\d+)", "", item).strip()
