"""Which words of the party's names are own names, and the names to choose others from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loresmith.augment.forms import has_other_form
from loresmith.augment.lists import listed, words_listed
from loresmith.augment.pronouns import Gender
from loresmith.ir.scenario import Member

SHORTEST = 3
"""Letters of a word that counts as a name: shorter ones are particles (`of`, `al`)."""
_WORD = re.compile(r"[^\W\d_]+")
_INITIALS = re.compile(r"(?<!\w)([A-Z])\. ?([A-Z])\.")


def own_names(party: Sequence[Member], told: str, words: set[str]) -> list[str]:
    """The words of the party's names that name nobody and nothing else, sorted; `words` are those of what is `told`.

    No such name is a title, an epithet, a day, a word that also stands in lower case or in another form or that the
    text plays on, or one that stands before a capitalised word of another name: beside the party's `Private Una` there
    may be a `Private Dale`.
    """
    names = [set(_WORD.findall(member.name)) for member in party]
    epithets = {word for member in party for word in _epithets(member.name)}
    return sorted(
        word
        for word in set[str]().union(*names) - epithets
        if _is_name(word, words)
        and not has_other_form(word, words)
        and not _is_played_on(word, told)
        and all(_followers(word, told) <= name for name in names if word in name)
    )


def _is_name(word: str, words: set[str]) -> bool:
    capitalised = word[0].isupper() and word[1:].islower()
    return (
        len(word) >= SHORTEST
        and capitalised
        and word.lower() not in words
        and word not in title_words() | words_listed("calendar")
    )


def _epithets(name: str) -> list[str]:
    """The words of a name that mean something beside it: those behind an article or a particle (`Ulrich the Bold`), and
    those with a hyphen (`Seven-Bells`)."""
    particles = "|".join(listed("names")["particles"])
    found = re.findall(rf"(?<!\w)(?:{particles})(?!\w).*|\w+(?:-\w+)+", name)
    return [word for epithet in found for word in _WORD.findall(epithet)]


def _is_played_on(word: str, told: str) -> bool:
    """Whether somebody stammers a name (`N-Narcisse`), or its first letter is among initials (`S.S.`)."""
    initials = {letter for letters in _INITIALS.findall(told) for letter in letters}
    return word[0] in initials or bool(re.search(rf"(?<!\w)(\w+)-(?=\1){word}(?!\w)", told, re.IGNORECASE))


def _followers(word: str, told: str) -> set[str]:
    """The capitalised words that stand behind a word."""
    found = re.findall(rf"(?<!\w){word} ([^\W\d_]+)", told)
    return {other for other in found if other[0].isupper() and other[1:].islower()}


def names_for(gender: Gender) -> tuple[str, ...]:
    """The names, of many tongues, to choose from for somebody who is told of so."""
    names = listed("names")["names"]
    return tuple(names["either"]) if gender == "either" else (*names[gender], *names["either"])


def title_words() -> set[str]:
    """The words that say who somebody is."""
    return {title for titles in listed("names")["titles"].values() for title in titles}
