"""A member's own line: `**Lyra** (player): Elf Ranger, level 3, Skills: perception +5, stealth +7`."""

from __future__ import annotations

import re

from loresmith.syntax.keywords import MEMBER_KEYS, comparable
from loresmith.syntax.member import Entry, MemberSyntax
from loresmith.syntax.tree import Range

_NAMED = re.compile(r"(?:\*\*|__)?([^*:(|]+?)[ \t]*(?::?\*\*|__)?[ \t]*[*_]*(?=[:(]|$)")
_PARENTHESIS = re.compile(r"[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)[*_]*[ \t]*")
_COLON = re.compile(r"[ \t]*:?(?:\*\*)?[ \t]*")
_PIECE = re.compile(r"[^,;()]*(?:\([^()]*\)[^,;()]*)+|[^,;]+")
_INVENTORY = re.compile(r"(?:^|[,;])[ \t]*(inventory|items|equipment)[ \t]*:[ \t]*(.*)$", re.I)
_FACT = re.compile(
    r"(level|lvl|health|hp|hit points|experience|xp|exp|ac)(?:[ \t]*:[ \t]*|[ \t]+|(?=[-+\d]))([^ \t].*)$",
    re.I,
)
_AMOUNT_FIRST = re.compile(r"(\d[\d/]*)[ \t]*(health|hp|hit points|experience|xp|exp|gold|gp)", re.I)
_PURSE = re.compile(r"(gold|gp)[ \t]*(\d+)", re.I)
_LEVEL = re.compile(r"\b(?:level|lvl)[ \t]+([-+]?\d+)\b", re.I)
_SCORE = re.compile(r"(?:STR|DEX|CON|INT|WIS|CHA)[ \t]+\d+(?:[ \t]*\([-+]\d+\))?", re.I)
_BONUS = re.compile(r"[^\W\d][\w' ]*[-+]\d+")
_NUMBER = re.compile(r"[-+]?\d[\d/]*")


def member_of(text: str, offset: int) -> MemberSyntax:
    """A member from its own line: name, `(player)`, then the words and facts."""
    named = _NAMED.match(text)
    if named is None:
        return MemberSyntax(name_without_emphasis(text), Range(offset, offset + len(text.rstrip())))
    name, position, player = name_without_emphasis(named[1]), named.end(), False
    place = Range(offset + named.start(1), offset + named.start(1) + len(named[1].rstrip()))
    facts = _Facts()
    while match := _PARENTHESIS.match(text, position):
        if comparable(match[1]) == "player":
            player = True
        else:
            facts.read(match[1], offset + match.start(1))
        position = match.end()
    rest = _COLON.match(text, position)
    position = rest.end() if rest else position
    facts.read(text[position:], offset + position)
    return MemberSyntax(
        name, place, player or facts.player, tuple(facts.people), facts.before_level, tuple(facts.entries)
    )


def name_without_emphasis(name: str) -> str:
    """A name without emphasis; white space of any kind around it is none of it."""
    return name.strip().strip("*_ ").strip()


class _Facts:
    """What the pieces of a line say, in their order: words about the person, and entries.

    A piece without a key of its own goes on with the list before it (`Spells: light, mage hand`) once it has been told
    who the person is; scores and bonuses are known by their form.
    """

    def __init__(self) -> None:
        self.player = False
        self.people = list[str]()
        self.before_level = 0
        self.entries = list[Entry]()
        self._list_key: str | None = None

    def read(self, text: str, offset: int) -> None:
        """Read `Elf Ranger, level 3, HP: 24/24, Inventory: rope`; the inventory takes what is left."""
        inventory = _INVENTORY.search(text)
        end = inventory.start() if inventory else len(text)
        for match in _PIECE.finditer(text, 0, end):
            piece = match[0].strip()
            start = offset + match.start() + len(match[0]) - len(match[0].lstrip())
            if piece:
                self._piece(piece, Range(start, start + len(piece)))
        if inventory:
            place = Range(offset + inventory.start(1), offset + len(text.rstrip()))
            self._enter(inventory[1], inventory[2].strip(), place)

    def _piece(self, piece: str, place: Range) -> None:
        if fact := _fact(piece):
            self._enter(*fact, place)
        elif level := _LEVEL.search(piece):
            span = Range(place.start + level.start(), place.start + level.end())
            before, after = piece[: level.start()], piece[level.end() :]
            if after.lstrip()[:1] in ("", ".", ":"):
                # What a sentence behind the level says is no race or class.
                self._words(before)
                self._enter("Level", level[1], span)
                self._words(after.strip(" \t.:"))
            else:
                self._words(before + after)
                self._enter("Level", level[1], span)
        elif ":" in piece:
            key, _, value = piece.partition(":")
            self._enter(key.strip(), value.strip(), place)
            is_list = _means(key) is None and not _NUMBER.fullmatch(value.strip())
            self._list_key = key.strip() if is_list else None
        elif _SCORE.fullmatch(piece):
            self._list("Abilities", piece, place)
        elif self._list_key and self._is_told:
            self._list(self._list_key, piece, place)
        elif self._is_told and _BONUS.fullmatch(piece):
            self._list("Skills", piece, place)
        else:
            self._words(piece)

    @property
    def _is_told(self) -> bool:
        """Whether it has been told who the person is."""
        return bool(self.people) or self._has("race", "class")

    def _has(self, *keys: str) -> bool:
        return any(_means(entry.key) in keys for entry in self.entries)

    def _words(self, words: str) -> None:
        words = " ".join(words.split())
        if words.lower() == "player":
            self.player = True
        elif words:
            self.people.append(words)

    def _enter(self, key: str, value: str, place: Range) -> None:
        self.entries.append(Entry(key, value, place))
        self._list_key = None
        if _means(key) == "level":
            self.before_level = len(self.people)

    def _list(self, key: str, value: str, place: Range) -> None:
        """Put a value to the entry of that key, or begin one."""
        same = [at for at, entry in enumerate(self.entries) if comparable(entry.key) == comparable(key)]
        if not same:
            self.entries.append(Entry(key, value, place))
            return
        last = self.entries[same[-1]]
        value = f"{last.value}, {value}" if last.value else value
        self.entries[same[-1]] = Entry(last.key, value, Range(last.range.start, place.end))


def _fact(piece: str) -> tuple[str, str] | None:
    """The key and value of a piece that needs no colon."""
    if (fact := _FACT.match(piece)) and (_means(fact[1]) != "level" or re.fullmatch(r"\S+", fact[2])):
        return fact[1], fact[2]
    if first := _AMOUNT_FIRST.fullmatch(piece):
        return _unabbreviated(first[2]), first[1]
    if purse := _PURSE.fullmatch(piece):
        return _unabbreviated(purse[1]), purse[2]
    return None


def _means(key: str) -> str | None:
    return MEMBER_KEYS.get(comparable(key))


def _unabbreviated(key: str) -> str:
    return "Gold" if key.lower() == "gp" else key
