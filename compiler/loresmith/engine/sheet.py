"""What a member's sheet says of bonuses: stated ones, and those that follow from abilities in the fifth edition."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from loresmith.check.sums import stated_bonuses
from loresmith.ir.scenario import Member

Modifier = tuple[int, str]
"""A bonus and where it comes from: `(5, "skill")`."""

ABILITIES = ("strength", "dexterity", "constitution", "intelligence", "wisdom", "charisma")
ABILITY_OF_SKILL = {
    "acrobatics": "dexterity",
    "animal handling": "wisdom",
    "arcana": "intelligence",
    "athletics": "strength",
    "deception": "charisma",
    "history": "intelligence",
    "insight": "wisdom",
    "intimidation": "charisma",
    "investigation": "intelligence",
    "medicine": "wisdom",
    "nature": "intelligence",
    "perception": "wisdom",
    "performance": "charisma",
    "persuasion": "charisma",
    "religion": "intelligence",
    "sleight of hand": "dexterity",
    "stealth": "dexterity",
    "survival": "wisdom",
}
"""Basic Rules of the fifth edition, chapter 7, `Skills`."""

_SAVES = ("saves", "save", "saving throws")
_ROLLS = {"attack": "attack", "attacks": "attack", "attack bonus": "attack", "initiative": "initiative"}


@dataclass(frozen=True)
class Sheet:
    """The bonuses and ability scores that a member's sheet states, and the level."""

    stated: tuple[tuple[str, int], ...] = ()
    further: tuple[tuple[str, int], ...] = ()
    """Saves, attack and initiative from entries of their own."""
    scores: tuple[tuple[str, int], ...] = ()
    level: int = 1

    def stated_modifiers(self, what: str) -> tuple[Modifier, ...] | None:
        """The bonus that the sheet states for a roll, None where it states none.

        Only one among the skills comes from `skill`; another from what it is for: `save`, `attack`, `initiative`.
        """
        sources = [(self.stated, "skill"), (self.further, what.rpartition(" ")[2])]
        found = ((bonus, source) for stated, source in sources for name, bonus in stated if name == what)
        return next(((modifier,) for modifier in found), None)

    def derived_modifiers(self, what: str) -> tuple[Modifier, ...]:
        """What the abilities give a roll; nothing where the sheet doesn't state the ability.

        An attack takes the better of strength and dexterity, and the proficiency bonus of the level.
        """
        if what == "attack":
            best = max((self._ability(name) for name in ("strength", "dexterity")), default=())
            return (*best, (2 + (self.level - 1) // 4, "proficiency")) if best else ()
        ability = "dexterity" if what == "initiative" else ABILITY_OF_SKILL.get(what, what)
        return self._ability(ability.removesuffix(" save"))

    def _ability(self, name: str) -> tuple[Modifier, ...]:
        """The ability's modifier: half of what the score is above 10, rounded down."""
        score = dict(self.scores).get(name)
        return () if score is None else (((score - 10) // 2, name),)


def sheet_of(member: Member) -> Sheet:
    """The sheet of a member, from the entries that the scenario gives."""
    stated, further, scores = list[tuple[str, int]](), list[tuple[str, int]](), list[tuple[str, int]]()
    for detail in member.details:
        name = detail.name.lower()
        if name == "skills":
            stated += stated_bonuses(detail.value)
        elif name in _SAVES:
            further += _saves(detail.value)
        elif name in _ROLLS and (bonus := re.search(r"[+-]\d+", detail.value)):
            further.append((_ROLLS[name], int(bonus[0])))
        elif name == "abilities":
            scores += _scores(detail.value)
    return Sheet(tuple(stated), tuple(further), tuple(scores), member.level)


def _saves(text: str) -> Iterator[tuple[str, int]]:
    for name, bonus in stated_bonuses(text):
        yield from ((f"{ability} save", bonus) for ability in ABILITIES if ability[:3] == name[:3])


def _scores(text: str) -> Iterator[tuple[str, int]]:
    for name, score in re.findall(r"([A-Za-z]{3,})\s*:?\s*(\d{1,2})\b", text):
        yield from ((ability, int(score)) for ability in ABILITIES if ability[:3] == name.lower()[:3])
