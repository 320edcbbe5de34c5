"""Rules in llama.cpp's GBNF: their names, characters and case, and how they are written down."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

WORD = "A-Za-z0-9_"
SPACE = "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""White space that may stand in a call."""
BREAK = "\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
"""What ends a line: a call ends on the line it begins on."""
WORD_SIGNS = "".join(chr(number) for number in range(128) if chr(number).isalnum()) + "_"


class Rules:
    """The rules of a grammar in the order in which they are added; one body has one rule."""

    def __init__(self) -> None:
        self._bodies: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def add(self, wish: str, body: str) -> str:
        """The name of the rule with that body: the wished one, with a number where it is taken."""
        if body not in self._names:
            self.define(self.reserve(wish), body)
        return self._names[body]

    def reserve(self, wish: str) -> str:
        """A free name, for a rule that is defined later: one that leads back to itself."""
        base = re.sub(r"[^a-zA-Z0-9]+", "-", wish).strip("-") or "rule"
        name, number = base, 1
        while name in self._bodies:
            number += 1
            name = f"{base}-{number}"
        self._bodies[name] = ""
        return name

    def define(self, name: str, body: str) -> None:
        """Give a reserved rule its body."""
        self._bodies[name] = body
        self._names.setdefault(body, name)

    def text(self) -> str:
        """The grammar, a rule a line."""
        return "".join(f"{name} ::= {body}\n" for name, body in self._bodies.items())


def one_of(signs: str) -> str:
    """The class of these characters."""
    return f"[{''.join(_escaped(sign) for sign in sorted(set(signs)))}]"


def none_of(signs: str) -> str:
    """The class of all other characters, written as what is in it.

    Of a class written as what isn't in it (`[^…]`) llama.cpp refuses the first bytes of a character that
    shares them with one of those: a token that ends within a curly quotation mark would never pass.
    """
    ends = sorted({-1, *map(ord, signs), 0x110000})
    gaps = [(low + 1, high - 1) for low, high in pairwise(ends) if high - low > 1]
    return f"[{''.join(_range(chr(low), chr(high)) for low, high in gaps)}]"


def _range(low: str, high: str) -> str:
    return _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"


def any_of(alternatives: list[str]) -> str:
    """One of several bodies."""
    return alternatives[0] if len(alternatives) == 1 else f"({' | '.join(alternatives)})"


def word_in_any_case(word: str) -> str:
    """A name of ASCII letters, digits and `_`, its letters in any case."""
    return " ".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else f'"{letter}"' for letter in word)


def in_any_case(text: str) -> str:
    """A text, its letters in any case; an apostrophe may be a typographic one."""
    return " ".join(_letter(letter) for letter in text.lower())


def _letter(letter: str) -> str:
    return one_of(letter + "".join(_capitals().get(letter, ())) + "’" * (letter == "'"))


@cache
def _capitals() -> dict[str, list[str]]:
    """Every character of the basic plane that becomes another one in lower case, by that one."""
    found: dict[str, list[str]] = {}
    for number in range(0x10000):
        if chr(number).lower() != chr(number):
            found.setdefault(chr(number).lower(), []).append(chr(number))
    return found


def _escaped(letter: str) -> str:
    """A character inside a class."""
    if letter.isascii() and letter.isalnum():
        return letter
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"
