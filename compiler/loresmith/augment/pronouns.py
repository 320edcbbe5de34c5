"""Whether a scenario tells of somebody as a woman or as a man."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from loresmith.augment.lists import listed
from loresmith.ir.scenario import Member

Gender = Literal["feminine", "masculine", "either"]
_PRONOUNS: Mapping[str, Gender] = {
    **dict.fromkeys(("she", "her", "hers", "herself"), "feminine"),
    **dict.fromkeys(("he", "him", "his", "himself"), "masculine"),
}
_FARTHEST = 16
"""Words between a name and the first pronoun behind it: any farther, and it is as likely somebody else's."""
_FEWEST = 2
"""Pronouns that tell: one alone is too often somebody else's, and a name for either is never wrong."""
_TOKEN = re.compile(r'[^\W\d_]+|["“”\n]')
"""A quotation mark or a line's end comes between: in `"Run, Lyra," he says` it isn't Lyra who speaks."""


def genders(party: Sequence[Member], names: Sequence[str], told: str, words: set[str]) -> dict[str, Gender]:
    """As whom each of the names is told of: the first of a member's, by its titles or by the pronouns behind it.

    `either` where that can't be told, and for further names, since families share them.
    """
    called = [re.findall(r"[^\W\d_]+", member.name) for member in party]
    votes = _votes({word for name in called for word in name}, told, words)
    found = defaultdict[str, set[Gender]](set)
    for name in called:
        own = [word for word in name if word in names]
        if own:
            found[own[0]].add(_titled(name, own[0], told) or _voted([votes[word] for word in name]))
    return {name: found[name].pop() if len(found[name]) == 1 else "either" for name in names}


def _titled(name: Sequence[str], own: str, told: str) -> Gender | None:
    """By a title, in the name or before it where somebody is spoken of; None where there is none or two differ."""
    before = {*name, *re.findall(rf"(?<!\w)([^\W\d_]+)\.? {own}(?!\w)", told)}
    titles = listed("names")["titles"]
    feminine, masculine = (not before.isdisjoint(titles[one]) for one in ("feminine", "masculine"))
    if feminine == masculine:
        return None
    return "feminine" if feminine else "masculine"


def _voted(votes: Sequence[Counter[Gender]]) -> Gender:
    """What enough pronouns say, and more than twice as many as say the other."""
    feminine, masculine = (sum(one[gender] for one in votes) for gender in ("feminine", "masculine"))
    if feminine >= max(_FEWEST, 2 * masculine + 1):
        return "feminine"
    return "masculine" if masculine >= max(_FEWEST, 2 * feminine + 1) else "either"


def _votes(called: set[str], told: str, words: set[str]) -> defaultdict[str, Counter[Gender]]:
    """For each word of the party's names the pronouns that stand nearest behind it, before anybody else is named."""
    votes, last = defaultdict[str, Counter[Gender]](Counter), ("", 0)
    for place, token in enumerate(_TOKEN.findall(told)):
        gender = _PRONOUNS.get(token.lower())
        if gender and last[0] in called and place - last[1] <= _FARTHEST:
            votes[last[0]][gender] += 1
        if gender or not token.isalpha():
            last = ("", 0)
        elif token in called or (token[0].isupper() and token.lower() not in words):
            last = (token, place)
    return votes
