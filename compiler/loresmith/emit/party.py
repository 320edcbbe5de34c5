"""Who may be named in a call, where that is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

UNKNOWN_PARTY = 2
"""The size of a party where one grammar serves several: a call must name its member."""


@dataclass(frozen=True)
class Party:
    """The members of the party and the creatures at hand; without members, anybody may be named.

    `size` counts the members where their names aren't known; 0 where that isn't known either.
    """

    members: tuple[str, ...] = ()
    creatures: tuple[str, ...] = ()
    size: int = 0

    @property
    def may_omit_name(self) -> bool:
        """Whether a call may leave its name out: a party of one may, and one that isn't known may be that."""
        return (len(self.members) or self.size) <= 1

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody who may be named, sorted: the player, members in full or by an only first name, creatures.

        Empty where the party isn't known.
        """
        if not self.members:
            return ()
        firsts = Counter(member.split()[0].casefold() for member in self.members)
        short = (m.split()[0] for m in self.members if firsts[m.split()[0].casefold()] == 1)
        return tuple(sorted({"player", *self.members, *short, *self.creatures}))
