"""A member's own line: `**Lyra** (player): Elf Ranger, level 3, Skills: perception +5, stealth +7`."""

from __future__ import annotations

import re

from loresmith.syntax.keywords import MEMBER_KEYS, NPC_MARKS, PLAYER_MARKS, comparable
from loresmith.syntax.member import Entry, MemberSyntax, Piece
from loresmith.syntax.tree import Range

_NAMED = re.compile(r"(?:\*\*|__)?([^*:(|]+?)[ \t]*(?::?\*\*|__)?[ \t]*[*_]*(?=[:(]|$)")
_PARENTHESIS = re.compile(r"[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)[*_]*[ \t]*")
_COLON = re.compile(r"[ \t]*:?(?:\*\*)?[ \t]*")
_PIECE = re.compile(r"(?:\([^()]*\)|(?<=\d),(?=\d{3}(?!\d))|[^,;(]|\()+")
"""What stands between commas and semicolons, those within parentheses and numbers (`1,250`) left out."""
_INVENTORY = re.compile(r"[ \t]*[*_]*(inventory|items|equipment)[*_]*[ \t]*:[*_ \t]*([^;]*)", re.I)
_KEYED = re.compile(r"((?:\([^()]*\)|[^:(])+):[*_ \t]*(.*)$")
_MOST = r"max(?:imum)?[ \t]+(?:health|hp|hit points)|(?:health|hp)[ \t]+max(?:imum)?|hit point maximum"
_FACT = re.compile(
    rf"(level|lvl|{_MOST}|health|hp|hit points|experience|xp|exp|ac)(?:[ \t]*:[ \t]*|[ \t]+|(?=[-+\d]))([^ \t].*)$",
    re.I,
)
_AMOUNT_FIRST = re.compile(r"(\d[\d/,]*)[ \t]*(health|hp|hit points|experience|xp|exp|gold|gp)", re.I)
_PURSE = re.compile(r"(gold|gp)[ \t]*(\d[\d,]*)", re.I)
_WITHIN = re.compile(rf"\b(level|lvl|{_MOST}|hp|hit points|xp|ac)[ \t]+([-+]?\d[\d/]*)(?![\w/])", re.I)
"""A fact among the words of a piece: `Elf Ranger level 3`."""
_EMPTY_PARENTHESES = re.compile(r"[ \t]*,[ \t]*(?=\))|[ \t]*\([ \t]*\)")
_NUMBER = re.compile(r"[-+]?\d[\d/,]*(?:[ \t]*(?:gold|gp|sp|cp|feet|ft))?\.?", re.I)
_BONUS = re.compile(r"[-+]\d+")
_BONUS_BEHIND_COLON = re.compile(r"[ \t]*:[ \t]*([-+]\d+)$")


def member_of(text: str, offset: int) -> MemberSyntax:
    """A member from its own line: name, `(player)`, then the words and facts."""
    named = _NAMED.match(text)
    if named is None:
        return MemberSyntax(name_without_emphasis(text), Range(offset, offset + len(text.rstrip())))
    name, position = name_without_emphasis(named[1]), named.end()
    place = Range(offset + named.start(1), offset + named.start(1) + len(named[1].rstrip()))
    line = _Line()
    while match := _PARENTHESIS.match(text, position):
        line.read(match[1], offset + match.start(1))
        position = match.end()
    rest = _COLON.match(text, position)
    position = rest.end() if rest else position
    line.read(text[position:], offset + position)
    return MemberSyntax(name, place, line.player, tuple(line.pieces), tuple(line.entries))


def name_without_emphasis(name: str) -> str:
    """A name without emphasis; white space of any kind around it is none of it."""
    return name.strip().strip("*_ ").strip()


class _Line:
    """What the pieces of a line say, in their order: pieces without a key, and entries."""

    def __init__(self) -> None:
        self.player = False
        self.pieces = list[Piece]()
        self.entries = list[Entry]()
        self._list_key: str | None = None

    def read(self, text: str, offset: int) -> None:
        """Read `Elf Ranger, level 3, HP: 24/24, Inventory: rope`; the inventory takes what is left, or up to a `;`."""
        position, self._list_key = 0, None
        while found := _PIECE.search(text, position):
            position = found.end()
            if inventory := _INVENTORY.match(text, found.start()):
                position = inventory.end()
                place = Range(offset + inventory.start(1), offset + len(text[:position].rstrip()))
                self._enter(inventory[1], inventory[2].strip(), place)
            elif piece := found[0].strip():
                start = offset + found.end() - len(found[0].lstrip())
                self._read_piece(piece, Range(start, start + len(piece)))
        self._list_key = None

    def _read_piece(self, piece: str, place: Range) -> None:
        if comparable(piece) in PLAYER_MARKS:
            self.player = True
        elif comparable(piece) in NPC_MARKS:
            self.pieces.append(Piece(piece, place, "Note"))
        elif (fact := _fact(piece)) and not (_means(fact[0]) == "level" and self._has_level):
            self._enter(*fact, place)
        elif keyed := self._keyed(piece):
            key, value = keyed[1].strip("*_ \t"), keyed[2].strip()
            self._enter(key, _BONUS_BEHIND_COLON.sub(r" \1", value), place)
            self._list_key = key if _means(key) is None and not _NUMBER.fullmatch(value) else None
        elif self._list_key:
            self.pieces.append(Piece(_BONUS_BEHIND_COLON.sub(r" \1", piece), place, self._list_key))
        else:
            self._read_words(piece, place.start)

    def _keyed(self, piece: str) -> re.Match[str] | None:
        """A piece as key and value; within a list a named bonus (`Stealth: +7`) and a numbered item are none."""
        keyed = _KEYED.match(piece)
        if keyed is None or (not self._list_key and _WITHIN.search(keyed[1])):
            return None
        if (
            self._list_key
            and _means(keyed[1]) is None
            and (_BONUS.fullmatch(keyed[2]) or re.search(r"\d", keyed[1]))
        ):
            return None
        return keyed

    def _read_words(self, text: str, start: int) -> None:
        """Put the words of a piece, and the facts among them; a sentence behind the level stands for itself."""
        ended = 0
        said = ""
        for fact in _WITHIN.finditer(text):
            if _means(fact[1]) == "level" and self._has_level:
                continue
            said += text[ended : fact.start()]
            ended = fact.end()
            self._enter(fact[1], fact[2], Range(start + fact.start(), start + fact.end()))
        rest = text[ended:]
        if ended and rest.lstrip()[:1] in (".", ":"):
            self._put(said, start)
            self._put(rest.lstrip(" \t.:"), start + len(text) - len(rest.lstrip(" \t.:")))
        else:
            self._put(said + rest, start)

    def _put(self, words: str, start: int) -> None:
        words = " ".join(_EMPTY_PARENTHESES.sub("", words).split())
        if words:
            self.pieces.append(Piece(words, Range(start, start + len(words))))

    @property
    def _has_level(self) -> bool:
        return any(_means(entry.key) == "level" for entry in self.entries)

    def _enter(self, key: str, value: str, place: Range) -> None:
        self.entries.append(Entry(key, value, place))
        self._list_key = None


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
    return "Gold" if key.lower() in ("gp", "gold") else key
