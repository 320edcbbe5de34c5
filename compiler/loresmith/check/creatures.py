"""Who a call's name means: a party member, or a creature that the text has shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from loresmith.elaborate.draft import Draft, DraftTurn, GivenResult, MadeCall
from loresmith.ir.scenario import Text

_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.I)


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
        """Whether a creature's name stands in the text up to the end of the reply."""
        return stands_in(name, self._told[turn])


def name_meant(name: str, members: Sequence[str], player: str) -> str:
    """The member's own name that a name means: in full, as `player`, or an only first name; else in lower case
    without its article, so that `the goblin` and `goblin` are one."""
    if name.casefold() == "player":
        return player
    full = [m for m in members if m.casefold() == name.casefold()]
    first = [m for m in members if m.casefold().split()[0] == name.casefold()]
    return full[0] if full else first[0] if len(first) == 1 else _ARTICLE.sub("", name).casefold()


def stands_in(name: str, text: str) -> bool:
    """Whether a creature's name stands in a text, in any letter case, singular or plural."""
    bare = re.sub(r"[\s_#]*\d+$", "", _ARTICLE.sub("", name.replace("_", " "))).strip()
    forms = {bare, *_singulars(bare), bare + "s", bare + "es"}
    if bare.endswith("y"):
        forms.add(bare[:-1] + "ies")
    if bare.endswith(("f", "fe")):
        forms.add(bare.removesuffix("e")[:-1] + "ves")
    listed = "|".join(re.escape(form) for form in forms if form)
    return bool(listed) and bool(re.search(rf"\b(?:{listed})\b", text, re.I))


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
