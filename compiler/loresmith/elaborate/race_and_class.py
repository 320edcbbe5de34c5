"""Race and class told apart in what a member's own line says of the person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from loresmith.elaborate.line_details import is_value
from loresmith.elaborate.repeats import fields_of
from loresmith.syntax.keywords import MEMBER_KEYS, comparable
from loresmith.syntax.member import Entry, MemberSyntax, Piece


class Person(NamedTuple):
    """Race, class, the pieces of the line that say neither, and what others say that a key says too."""

    race: str | None = None
    character_class: str | None = None
    rest: tuple[Piece, ...] = ()
    said: tuple[Entry, ...] = ()


def person_of(syntax: MemberSyntax, classes: Sequence[str]) -> Person:
    """Who a member is, by the keys Race and Class, else by the words of the line.

    The class is the first of the fifth edition's `classes` that a piece before the level ends with, else one that
    stands alone behind it; of other classes the last word of the first piece, or of two where that has one word.
    """
    given = fields_of(syntax.entries)
    race, job = (given[key][0].value if key in given else None for key in ("race", "class"))
    free = [piece for piece in syntax.pieces if piece.list_key is None and not is_value(piece.words)]
    before = _before_level(syntax, free)
    if job:
        return _person_with_class(syntax, race, job, before[:1], classes)
    said = _known(syntax, free, before, classes) or _unknown(free, before)
    words = _words(said)
    found = _class_pattern(tuple(classes)).search(words)
    at = found.start(1) if found else len(words) - len((words.split() or [""])[-1])
    if race and words:
        return _person_with_race(syntax, race, said, at if found else None)
    if not words[:at].strip() and not race and (behind := _race_behind(before, said, classes)):
        return Person(behind.words, words[at:] or None, _without(syntax, [*said, behind]))
    return Person(race or words[:at].strip() or None, words[at:] or None, _without(syntax, said))


def _person_with_class(
    syntax: MemberSyntax, race: str | None, job: str, first: Sequence[Piece], classes: Sequence[str]
) -> Person:
    """Who a member is whose class has a key; the first piece of the line may say it too, and names begin large."""
    words = _words(first)
    found = _class_pattern(tuple(classes)).search(words)
    if found and (words[0].isupper() or found[1].casefold() == job.casefold()):
        said_race = words[: found.start(1)].strip()
        said = [_said("Race", said_race, first[0])] if race and said_race else []
        said.append(_said("Class", found[1], first[0]))
        return Person(race or said_race or None, job, _without(syntax, first), tuple(said))
    return Person(race or words or None, job, _without(syntax, [] if race else first))


def _person_with_race(syntax: MemberSyntax, race: str, said: Sequence[Piece], at: int | None) -> Person:
    """Who a member is whose race has a key, and whose class the words of the line end with.

    A class of the fifth edition begins `at` a place of them, and what stands before it is a race; another one is all
    that they say but the race.
    """
    words = _words(said)
    if at is None:
        at = len(race) + 1 if words.casefold().startswith(f"{race.casefold()} ") else 0
    said_race = words[:at].strip()
    again = (_said("Race", said_race, said[0]),) if said_race else ()
    return Person(race, words[at:], _without(syntax, said), again)


def _said(key: str, words: str, piece: Piece) -> Entry:
    return Entry(key, words, piece.range)


def _before_level(syntax: MemberSyntax, free: Sequence[Piece]) -> list[Piece]:
    levels = [e.range.start for e in syntax.entries if MEMBER_KEYS.get(comparable(e.key)) == "level"]
    return [piece for piece in free if not levels or piece.range.start < levels[0]]


def _known(
    syntax: MemberSyntax, free: Sequence[Piece], before: Sequence[Piece], classes: Sequence[str]
) -> list[Piece]:
    """The pieces that say race and class, where the class is one of the fifth edition's."""
    pattern = _class_pattern(tuple(classes))
    for count, piece in enumerate(before or free, 1):
        if pattern.search(piece.words):
            return [*before[:count]] if before else [piece]
    alone = [piece for piece in free if pattern.fullmatch(piece.words)]
    listed = [piece for piece in _before_level(syntax, syntax.pieces) if piece.list_key]
    # Who it is may stand behind a list (`Alignment: Neutral Good, Elf Ranger`): names begin large, other items small.
    alone += [piece for piece in listed if piece.words[0].isupper() and pattern.search(piece.words)]
    return [*before[:1], *alone[:1]] if alone else []


def _unknown(free: Sequence[Piece], before: Sequence[Piece]) -> list[Piece]:
    """The pieces that say race and class, where the class is none of the fifth edition's."""
    if not before:
        return [*free[:1]]
    if len(free) == 1:
        return [before[0]]
    # The class may stand behind the race (`Elf, level 3, Artisan`): a note is more than a word, or begins small.
    second = free[1]
    is_name = second.words.istitle() and " " not in second.words
    is_race_alone = " " not in before[0].words
    goes_on = (is_name or is_race_alone) if second in before else (is_name and is_race_alone)
    return [before[0], second] if goes_on else [before[0]]


def _race_behind(before: Sequence[Piece], said: Sequence[Piece], classes: Sequence[str]) -> Piece | None:
    """The race of `Ranger, Elf, level 3`."""
    behind = next((piece for piece in before if piece not in said), None)
    if behind is None or _class_pattern(tuple(classes)).search(behind.words):
        return None
    return behind if behind.words[0].isupper() else None


def _words(pieces: Sequence[Piece]) -> str:
    return " ".join(piece.words for piece in pieces)


def _without(syntax: MemberSyntax, said: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(piece for piece in syntax.pieces if piece not in said)


@lru_cache
def _class_pattern(classes: tuple[str, ...]) -> re.Pattern[str]:
    """A class at the end of words, or several: `Fighter`, `Fighter (Champion)`, `Fighter 1/Wizard 1`."""
    names = "|".join(re.escape(name) for name in sorted(classes, key=len, reverse=True)) or "(?!)"
    one = rf"(?:{names})(?: \d+)?"
    return re.compile(rf"(?:^|(?<= ))({one}(?: ?/ ?{one})*(?: ?\([^()]*\))?)$", re.I)
