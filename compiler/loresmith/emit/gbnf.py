"""The decoding grammar: DM text in which everything that the app's pattern finds is a right call.

An opened `[word:` has to become a call of the vocabulary, and a bracket that begins with a tool's name closes only as
one; any other bracket is text.
"""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.emit.gbnf_brackets import define_text, reserve_text
from loresmith.emit.gbnf_rules import WORD, Rules, any_of, word_in_any_case
from loresmith.emit.gbnf_values import Values
from loresmith.emit.party import Party
from loresmith.emit.shapes import State, after_name, after_place, may_end, shapes_of
from loresmith.ir.arguments import canonical_value, value_problem
from loresmith.ir.tools import Alias, Parameter, Tool
from loresmith.ir.vocabulary import Vocabulary

HEAD = "# The tool calls of a DM, for llama.cpp. Made by `loresmith tools emit gbnf`; don't edit.\n"


def emit_gbnf(vocabulary: Vocabulary, party: Party | None = None) -> str:
    """The grammar; `party` narrows who may be named and whether a name may be left out."""
    rules = Rules()
    reserve_text(rules)
    define_text(rules, vocabulary.names)
    writer = _CallWriter(rules, vocabulary, party or Party())
    calls = [body for tool in vocabulary.tools for body in writer.calls(tool)]
    rules.define("call", " | ".join(calls))
    return HEAD + rules.text()


class _CallWriter:
    def __init__(self, rules: Rules, vocabulary: Vocabulary, party: Party) -> None:
        self.rules = rules
        self.vocabulary = vocabulary
        self.party = party
        self.values = Values(rules, vocabulary.lists, party)
        self._states: dict[tuple[str, State], str] = {}

    def calls(self, tool: Tool) -> Iterator[str]:
        """The calls of a tool from its name to the closing bracket: by its names, then by rewriting aliases."""
        shapes = shapes_of(tool, may_omit_name=self.party.may_omit_name)
        names = [tool.name, *(alias.name for alias in tool.aliases if not alias.arguments)]
        named = any_of([word_in_any_case(name) for name in names])
        yield f'{named} ":" {self.values.space}* {self.rules.add(tool.name, self._arguments(tool, shapes))}'
        for alias in tool.aliases:
            bodies = list(dict.fromkeys(self._rewritten(tool, alias, shapes))) if alias.arguments else []
            if bodies:
                rule = self.rules.add(alias.name, any_of(bodies))
                yield f'{word_in_any_case(alias.name)} ":" {self.values.space}* {rule}'

    def _arguments(self, tool: Tool, state: State) -> str:
        parameters = {parameter.name: parameter for parameter in tool.parameters}
        space = self.values.space
        found = [
            f"{self.values.placed(parameters[name])} {self._rest(tool, then)}"
            for name, then in after_place(state).items()
        ]
        for name, then in after_name(state).items():
            value = self.values.named(parameters[name])
            found.append(f'{word_in_any_case(name)} {space}* "=" {space}* {value} {self._rest(tool, then)}')
        return " | ".join(found)

    def _rest(self, tool: Tool, state: State) -> str:
        """The rule from the end of an argument on: the closing bracket, or a comma and the next one."""
        if (tool.name, state) not in self._states:
            name = self.rules.reserve(f"{tool.name}-rest")
            self._states[tool.name, state] = name
            more = self._arguments(tool, state)
            found = ['"]"'] if may_end(state) else []
            found += [f'"," {self.values.space}* ({more})'] if more else []
            self.rules.define(name, " | ".join(found))
        return self._states[tool.name, state]

    def _rewritten(self, tool: Tool, alias: Alias, state: State) -> Iterator[str]:
        """What an alias may be called with: its first argument for each way in which its tool takes it."""
        parameters = {parameter.name: parameter for parameter in tool.parameters}
        for names, then in sorted(_taking(state, len(alias.arguments)).items()):
            placed = [parameters[name] for name in names]
            given = self._given(placed, alias)
            if given:
                key = rf'[{WORD}]+ {self.values.space}* "=" {self.values.space}*'
                bare = self.values.unkeyed(given)
                either = f"({key})? {given}" if bare == given else f"({key} {given} | {bare})"
                yield f"{either} {self._rest(tool, then)}"

    def _given(self, placed: list[Parameter], alias: Alias) -> str | None:
        given: str | None = None
        for parameter, template in zip(placed, alias.arguments, strict=True):
            if "{1}" in template:
                given = self.values.rewritten(parameter, template)
            elif not self._is_right(parameter, template):
                return None
        return given

    def _is_right(self, parameter: Parameter, value: str) -> bool:
        lists = self.vocabulary.lists
        return value_problem(parameter, canonical_value(parameter, value, lists), lists) is None


def _taking(state: State, count: int) -> dict[tuple[str, ...], State]:
    """The ways to take `count` arguments by place, with the state after each."""
    ways: dict[tuple[str, ...], State] = {(): state}
    for _ in range(count):
        ways = {
            (*names, name): then
            for names, before in ways.items()
            for name, then in after_place(before).items()
        }
    return ways
