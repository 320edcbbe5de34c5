"""Who may be named in a call, where that is known."""

from __future__ import annotations

from dataclasses import dataclass

from loresmith.check.creatures import short_names

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
        """Everybody who may be named, sorted: the player, members by their names or an only word of them, creatures.

        Empty where the party isn't known.
        """
        if not self.members:
            return ()
        return tuple(sorted({"player", *self.members, *short_names(self.members), *self.creatures}))
