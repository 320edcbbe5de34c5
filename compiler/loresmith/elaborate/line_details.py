"""What a member's own line says without a key of its own: items of the list before it, scores, bonuses, notes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from loresmith.syntax.keywords import comparable
from loresmith.syntax.member import Entry, Piece

ABILITIES = ("STR", "DEX", "CON", "INT", "WIS", "CHA")
_ABILITY = "(?:STR|DEX|CON|INT|WIS|CHA|strength|dexterity|constitution|intelligence|wisdom|charisma)"
_SCORES = re.compile(rf"(?:{_ABILITY}[ ]?\d{{1,2}}(?: ?\([-+]\d+\))?(?: |$))+", re.I)
_BONUS = re.compile(r"(.*[^-+\s])\s*([-+])\s*(\d+)")
_NOTED = re.compile(r"\s*\([^()]*\)$")
_OF_BONUSES = ("skills", "saves", "save", "saving throws", "attack", "attacks", "attack bonus")


def with_pieces(
    entries: Sequence[Entry], pieces: Sequence[Piece], lists: Mapping[str, Sequence[str]]
) -> tuple[Entry, ...]:
    """The entries with each piece put to the one that it belongs to; `lists` are the vocabulary's.

    Scores go to Abilities, bonuses of skills to Skills, of saves to Saves; what follows a list goes on with it, and the
    rest is a Note.
    """
    whole = list(entries)
    skills = {*lists.get("skills", ()), *lists.get("proficiencies", ())}
    for piece in pieces:
        key, words = _place_of(piece, skills)
        _put(whole, key, words, piece)
    return tuple(whole)


def is_value(words: str) -> bool:
    """Whether words are scores or a bonus, which say nothing of race or class."""
    return bool(_SCORES.fullmatch(words) or _BONUS.fullmatch(words))


def _place_of(piece: Piece, skills: set[str]) -> tuple[str, str]:
    """The key of the entry that a piece belongs to, and its words there."""
    is_bonus_list = piece.list_key is not None and comparable(piece.list_key) in _OF_BONUSES
    if _SCORES.fullmatch(piece.words):
        return "Abilities", re.sub(r"(?<=[\d)]) (?=[A-Za-z])", ", ", piece.words)
    if not is_bonus_list and (bonus := _BONUS.fullmatch(piece.words)):
        name = bonus[1].lower().replace("’", "'")
        words = f"{bonus[1]} {bonus[2]}{bonus[3]}"
        if name in skills or _NOTED.sub("", name) in skills:
            return "Skills", words
        if name.endswith(" save"):
            return "Saves", f"{bonus[1][:-5]} {bonus[2]}{bonus[3]}"
        if name == "initiative":
            return "Initiative", bonus[2] + bonus[3]
    return piece.list_key or "Note", piece.words


def _put(entries: list[Entry], key: str, words: str, piece: Piece) -> None:
    """Put words to the last entry of that key, or begin one."""
    for at in range(len(entries) - 1, -1, -1):
        if comparable(entries[at].key) == comparable(key):
            value = f"{entries[at].value}, {words}" if entries[at].value else words
            entries[at] = entries[at]._replace(value=value)
            return
    entries.append(Entry(key, words, piece.range))
