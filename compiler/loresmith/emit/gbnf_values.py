"""The values of arguments as GBNF. A value takes the white space after it, none before it."""

from __future__ import annotations

from loresmith.emit.gbnf_integers import at_least, integer
from loresmith.emit.gbnf_rules import (
    BREAK,
    SPACE,
    WORD,
    WORD_SIGNS,
    Rules,
    any_of,
    in_any_case,
    none_of,
    one_of,
)
from loresmith.emit.party import Party
from loresmith.ir.comparison import comparable_words
from loresmith.ir.numbers import CALL_DIGITS
from loresmith.ir.tools import Lists, Parameter


class Values:
    """Makes the rules of values, each once."""

    def __init__(self, rules: Rules, lists: Lists, party: Party) -> None:
        self.rules = rules
        self.lists = lists
        self.party = party
        self.space = rules.add("space", one_of(SPACE))
        self.gap = rules.add("gap", one_of("_" + SPACE))
        self.tail = rules.add("tail", f"{none_of(',]' + BREAK)}*")

    def placed(self, parameter: Parameter) -> str:
        """The rule of a value given by place."""
        free = parameter.type == "text" or (parameter.type == "name" and not self.party.names)
        return self._text() if free else self.named(parameter)

    def named(self, parameter: Parameter) -> str:
        """The rule of a value given by name, which may look as if it had another name before it."""
        if parameter.type == "integer":
            return self._integer(parameter)
        if parameter.type == "choice":
            words = [choice.replace("_", " ").split() for choice in parameter.choices(self.lists)]
            return self._choice(parameter.name, words, dice=parameter.dice)
        if parameter.type == "name" and self.party.names:
            return self._quotable("somebody", self._one_of([n.split() for n in self.party.names], self.space))
        return self._any_text()

    def rewritten(self, parameter: Parameter, template: str) -> str | None:
        """The rule of the argument that an alias makes a value of; None where none becomes a right one."""
        if parameter.type == "integer":
            return self._rewritten_integer(parameter, template.removesuffix("{1}"))
        if parameter.type != "text" and template == "{1}":
            return self.named(parameter)
        if parameter.type == "choice":
            before, after = template.strip().split("{1}")
            return self._rewritten_choice(parameter, _comparable(before), _comparable(after))
        return self._any_text()

    def unkeyed(self, rule: str) -> str:
        """The rule of such an argument where it has no name before it: a text then mustn't look as if it had."""
        return self._text() if rule == self._any_text() else rule

    def _integer(self, parameter: Parameter) -> str:
        plus = '"+"' if parameter.sign == "required" else '"+"?'
        digits = integer(parameter.minimum, parameter.maximum, plus=plus)
        return self._quotable(parameter.name, [digits] if digits else [])

    def _rewritten_integer(self, parameter: Parameter, sign: str) -> str | None:
        """A `+` of the argument is dropped, then the alias's own sign comes before it."""
        low, high = parameter.minimum, parameter.maximum
        if sign == "-":
            least = 0 if high is None else max(0, -high)
            digits = integer(least, None if low is None else -low, plus='"+"?', minus=False)
        elif sign:
            digits = integer(low, high, plus='"+"?', minus=False)
        else:
            digits = integer(low, high, plus=None if parameter.sign == "required" else '"+"?')
        return self._quotable(f"{parameter.name}-given", [digits]) if digits else None

    def _choice(self, wish: str, choices: list[list[str]], *, dice: bool) -> str:
        found = self._one_of(choices, self.gap)
        if found:
            around = f'("_" {self.gap}*)?'
            found = [f"{around} {self.rules.add(f'{wish}-words', any_of(found))} {self.gap}*"]
        return self._quotable(wish, found + ([self._dice()] if dice else []))

    def _rewritten_choice(self, parameter: Parameter, before: str, after: str) -> str | None:
        found = list[list[str]]()
        for choice in (_comparable(choice).strip() for choice in parameter.choices(self.lists)):
            middle = choice[len(before) : len(choice) - len(after)]
            if choice == before + middle + after and middle.strip():
                found.append(middle.split())
        return self._choice(f"{parameter.name}-given", found, dice=False) if found else None

    def _one_of(self, choices: list[list[str]], gap: str) -> list[str]:
        between = f" {gap}+ "
        return list(dict.fromkeys(between.join(in_any_case(word) for word in words) for words in choices))

    def _dice(self) -> str:
        keep = f'({in_any_case("k")} [hHlL] "1")?'
        change = f"({self.space}* [+\\-] {self.space}* [0-9]{{1,{CALL_DIGITS}}})*"
        return self.rules.add("dice", f"{at_least(1)} [dD] {at_least(2)} {keep} {change}")

    def _quotable(self, wish: str, bodies: list[str]) -> str:
        """One of the bodies, with or without quotation marks around it."""
        bare = self.rules.add(f"{wish}-bare", any_of(bodies))
        quoted = rf'"\"" {self.space}* {bare} {self.space}* "\""'
        return self.rules.add(wish, f"({bare} | {quoted}) {self.space}*")

    def _quoted_text(self) -> str:
        """A text in quotation marks, or one that begins with such."""
        seen, inner, short = none_of('"]' + SPACE + BREAK), none_of('"]' + BREAK), none_of('",]' + BREAK)
        whole = rf'"\"" {self.space}* {seen} {inner}* "\"" {self.space}*'
        begun = rf'"\"" {short}* "\"" {self.space}* {none_of(",]" + SPACE + BREAK)} {self.tail}'
        return self.rules.add("quoted", f"{whole} | {begun}")

    def _any_text(self) -> str:
        first = none_of('",]' + SPACE + BREAK)
        return self.rules.add("any-text", f"{first} {self.tail} | {self._quoted_text()}")

    def _text(self) -> str:
        """A text that doesn't look as if it had a name before it: `word =`."""
        later = f"{none_of(',=]' + SPACE + BREAK)} {self.tail}"
        apart = f"{none_of(',=]' + WORD_SIGNS + SPACE + BREAK)} {self.tail}"
        word = f"[{WORD}]+ ({self.space}+ ({later})? | {apart})?"
        first = none_of('",]' + WORD_SIGNS + SPACE + BREAK)
        return self.rules.add("text", f"{word} | {first} {self.tail} | {self._quoted_text()}")


def _comparable(text: str) -> str:
    """Words as the checker compares them, with the white space that divides them from the argument."""
    spaced, inner = text.replace("_", " "), comparable_words(text)
    return f"{' ' * spaced[:1].isspace()}{inner}{' ' * (inner != '' and spaced[-1:].isspace())}"
