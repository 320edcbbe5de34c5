"""Who a call's name means: a party member, or a creature that the text has shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from loresmith.elaborate.draft import Draft, DraftTurn, GivenResult, MadeCall
from loresmith.ir.scenario import Text

_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.I)
_NUMBER = re.compile(r"\s*#\s*(\d+)$")
_LETTER = r"[^\W_]"


class Cast:
    """The members and the text up to each turn."""

    def __init__(self, draft: Draft) -> None:
        system = draft.system
        self.members = system.names if system else ()
        self.player = (system.player if system else None) or ""
        self._draft = draft

    @cached_property
    def _told(self) -> list[str]:
        return _texts(self._draft)

    def named(self, made: MadeCall) -> str:
        """The member's own name that a call means, or the creature's as written; the player if left out."""
        if made.call is None or made.tool is None or made.tool.name_omitted(len(made.call.arguments)):
            return self.player
        return self.meant_by(made.call.arguments[0].value)

    def meant_by(self, name: str) -> str:
        """The member's own name that a name means, or the creature's as it is known."""
        return name_meant(name, self.members, self.player)

    def is_met(self, name: str, turn: int) -> bool:
        """Whether a creature's name stands in the text up to the end of the reply, or it joined the party by then."""
        return self._joined.get(self.meant_by(name), turn + 1) <= turn or stands_in(name, self._told[turn])

    @cached_property
    def _joined(self) -> dict[str, int]:
        """Those whom calls brought into the party, with the turn of the first."""
        joined = dict[str, int]()
        for number, turn in enumerate(self._draft.turns):
            for made in turn.calls:
                if made.tool and made.tool.name == "party" and made.call:
                    joined.setdefault(self.meant_by(made.call.arguments[-1].value), number)
        return joined


def name_meant(name: str, members: Sequence[str], player: str) -> str:
    """The member's own name that a name means: in full, as `player`, or a part of it that no other member has; else in
    lower case without its article, so that `the goblin` and `goblin` are one, as `goblin 1`, `goblin_1` and
    `goblin #1` are.

    A first name may stand in any letter case. Another part stands as in the name, with a capital: `Amsel` is Brother
    Amsel, but `wolf` is no Anna Wolf.
    """
    spaced = _spaced(name)
    if spaced.casefold() == "player":
        return player
    full = [m for m in members if _spaced(m).casefold() == spaced.casefold()]
    first = [m for m in members if _spaced(m).casefold().split()[:1] == [spaced.casefold()]]
    if full or len(first) == 1:
        return (full or first)[0]
    others = [m for m in members if f" {spaced} " in f" {_spaced(m)} "] if _is_capital(spaced[:1]) else []
    return others[0] if len(others) == 1 else _NUMBER.sub(r" \1", _ARTICLE.sub("", spaced).casefold()).strip()


def short_names(members: Sequence[str]) -> list[str]:
    """The single words that mean a member: those of names that no other member has."""
    words = (word for member in members for word in _spaced(member).split())
    return [word for word in words if name_meant(word, members, "") in members]


def _is_capital(letter: str) -> bool:
    return letter.isalpha() and not letter.islower()


def _spaced(name: str) -> str:
    """A name with single spaces, without the quotation marks that a comma in it needs."""
    return " ".join(name.replace('"', "").replace("_", " ").split())


def stands_in(name: str, text: str) -> bool:
    """Whether a creature's name stands in a text, in any letter case, singular or plural; a number alone is none."""
    bare = re.sub(r"[\s#]*\d+$", "", _ARTICLE.sub("", _spaced(name)))
    if not bare:
        return False
    forms = {bare, *_singulars(bare), bare + "s", bare + "es"}
    if bare.endswith("y"):
        forms.add(bare[:-1] + "ies")
    if bare.endswith(("f", "fe")):
        forms.add(bare.removesuffix("e")[:-1] + "ves")
    listed = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in forms if form)
    return bool(re.search(rf"(?<!{_LETTER})(?:{listed})(?!{_LETTER})", text, re.I))


def _singulars(name: str) -> list[str]:
    endings = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))
    return [name[: -len(plural)] + single for plural, single in endings if name.endswith(plural)]


def _texts(draft: Draft) -> list[str]:
    """The text up to the end of each turn, calls left out."""
    system = draft.system
    told = ""
    if system:
        fields = (field.value for field in system.fields)
        told = "\n".join(filter(None, (system.role, system.world, system.location, *fields)))
    texts = list[str]()
    for turn in draft.turns:
        told += "\n" + _text(turn)
        texts.append(told)
    return texts


def _text(turn: DraftTurn) -> str:
    parts = list[str]()
    for part in turn.parts:
        if isinstance(part, Text):
            parts.append(part.text)
        elif isinstance(part, GivenResult):
            parts.append(part.result.body)
        elif part.tool and part.tool.name == "party" and part.call:
            parts.append(" ".join(argument.value for argument in part.call.arguments))
    return " ".join(parts)
