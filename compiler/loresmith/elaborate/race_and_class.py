"""Race and class told apart in what a member's own line says of the person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from loresmith.syntax.member import MemberSyntax

_IN_PARENTHESES = re.compile(r"[ \t]*\([^()]*\)$")


class Person(NamedTuple):
    """What a line says of a person: race, class, and what is neither."""

    race: str | None = None
    character_class: str | None = None
    notes: tuple[str, ...] = ()


def person_of(syntax: MemberSyntax, classes: Sequence[str]) -> Person:
    """Race and class in a member's words: the class is the first of the fifth edition's `classes` that a piece ends
    with (`Fighter`, `Fighter (Champion)`), else the last word before the level, else the last word."""
    for count in range(1, len(syntax.people) + 1):
        words = " ".join(syntax.people[:count])
        if of_class := _words_of_class(words, classes):
            return _parted(words, of_class, syntax.people[count:])
    count = syntax.before_level or len(syntax.people)
    return _parted(" ".join(syntax.people[:count]), 1, syntax.people[count:])


def _words_of_class(words: str, classes: Sequence[str]) -> int:
    """How many of the last words name one of the classes, what is told of it in parentheses among them."""
    bare = _IN_PARENTHESES.sub("", words)
    known = [name for name in classes if f" {bare.lower()}".endswith(f" {name}")]
    if not known:
        return 0
    return len(max(known, key=len).split()) + len(words.split()) - len(bare.split())


def _parted(words: str, of_class: int, notes: tuple[str, ...]) -> Person:
    """The last `of_class` words are the class, those before it the race."""
    race, job = " ".join(words.split()[:-of_class]), " ".join(words.split()[-of_class:])
    return Person(race or None, job or None, notes)
