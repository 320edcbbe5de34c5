"""The state of a game: who is there and what they have, where the party is, which quests are on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from loresmith.check.creatures import name_meant, stands_in
from loresmith.check.items import item_name, read_item
from loresmith.engine.sheet import Sheet, sheet_of
from loresmith.ir.scenario import Detail, Member, System

_COINS = {read_item(coin)[0] for coin in ("1 gp", "gold", "gold piece", "gold coin")}
_QUALIFIED = re.compile(r"\s*\([^()]*\)|\s+\d+(?=\s*(?:,|$))")
"""How long a condition lasts, or how far it has come: `poisoned (1 hour), exhaustion 2`."""
UNSTATED = Sheet()
"""The sheet of somebody who has none."""


@dataclass(frozen=True)
class Item:
    """An item as it was first named, and how many there are; `key` is what it is compared by."""

    key: str
    name: str
    count: int

    @property
    def text(self) -> str:
        """The item as an inventory lists it: `arrow x20`."""
        return self.name if self.count == 1 else f"{self.name} x{self.count}"


@dataclass(frozen=True)
class Being:
    """A party member, or somebody whom the text has shown; health is None until it is first touched.

    `title` is how somebody is shown whose name is known in lower case. `listed`: stands in the scenario's
    sheet. `companion`: is in the party now.
    """

    name: str
    listed: bool = False
    companion: bool = False
    health: int | None = None
    max_health: int | None = None
    experience: int = 0
    gold: int = 0
    items: tuple[Item, ...] = ()
    conditions: tuple[str, ...] = ()
    spells: tuple[str, ...] = ()
    sheet: Sheet = UNSTATED
    title: str = ""


@dataclass(frozen=True)
class Quest:
    """A quest and how far it is: `started`, `advanced`, `completed`."""

    name: str
    stage: str


@dataclass(frozen=True)
class GameState:
    """A game at one moment. `told` is the text so far, by which creatures are met."""

    player: str
    beings: tuple[Being, ...]
    place: str | None = None
    quests: tuple[Quest, ...] = ()
    told: str = ""

    @property
    def listed(self) -> tuple[Being, ...]:
        """The members of the scenario's sheet, in its order."""
        return tuple(being for being in self.beings if being.listed)

    @property
    def party(self) -> tuple[Being, ...]:
        """Those who are in the party now."""
        return tuple(being for being in self.beings if being.companion)

    def named(self, name: str) -> Being | None:
        """Whom a name means: a member, or somebody met in the text; None for a stranger."""
        meant = self.meant_by(name)
        known = next((being for being in self.beings if being.name == meant), None)
        return known or (Being(meant) if stands_in(meant, self.told) else None)

    def meant_by(self, name: str) -> str:
        """What somebody is known by whom a name means: a member, one who has joined, or else whoever is called so."""
        joined = {being.title: being.name for being in self.beings if being.title}
        meant = name_meant(name, [*(being.name for being in self.listed), *joined], self.player)
        return joined.get(meant, meant)

    def with_being(self, being: Being) -> GameState:
        """The state in which somebody is as given; somebody new comes last."""
        if all(other.name != being.name for other in self.beings):
            return replace(self, beings=(*self.beings, being))
        changed = (being if other.name == being.name else other for other in self.beings)
        return replace(self, beings=tuple(changed))

    def with_quest(self, quest: Quest) -> GameState:
        """The state in which a quest has come so far."""
        others = [other for other in self.quests if other.name.casefold() != quest.name.casefold()]
        return replace(self, quests=(*others, quest))

    def hearing(self, text: str) -> GameState:
        """The state after a text was told: who stands in it has been met."""
        return replace(self, told=f"{self.told}\n{text}")


def state_of(system: System) -> GameState:
    """The state in which a scenario begins."""
    fields = (field.value for field in system.fields)
    texts = filter(None, (system.role, system.world, system.location, *fields))
    player = next((member.name for member in system.party if member.player), system.party[0].name)
    beings = tuple(_being(member) for member in system.party)
    return GameState(player, beings, system.location, told="\n".join(texts))


def _being(member: Member) -> Being:
    items = _items(member.inventory)
    return Being(
        name=member.name,
        listed=True,
        companion=True,
        health=member.health,
        max_health=member.max_health,
        experience=member.experience or 0,
        gold=_gold(member.details, items),
        items=items,
        conditions=_listing(_QUALIFIED.sub("", _value(member.details, "conditions").lower())),
        spells=_listing(_value(member.details, "spells")),
        sheet=sheet_of(member),
    )


def _gold(details: tuple[Detail, ...], items: tuple[Item, ...]) -> int:
    """What Gold says, in gold pieces where it has other coins too; else the coins among the items."""
    stated = _value(details, "gold")
    purse = re.search(r"(\d[\d,]*)\s*(?:gp|gold)\b", stated, re.I) or re.search(r"(\d[\d,]*)", stated)
    if purse:
        return int(purse[1].replace(",", ""))
    return 0 if stated else sum(item.count for item in items if item.key in _COINS)


def _items(written: tuple[str, ...]) -> tuple[Item, ...]:
    """The items of a sheet; what is the same but for its note or count stands together."""
    items = dict[str, Item]()
    for text in written:
        key, count = read_item(text)
        known = items.get(key)
        items[key] = Item(
            key, known.name if known else item_name(text), count + (known.count if known else 0)
        )
    return tuple(item for item in items.values() if item.count > 0)


def _value(details: tuple[Detail, ...], name: str) -> str:
    return next((detail.value for detail in details if detail.name.lower() == name), "")


def _listing(text: str) -> tuple[str, ...]:
    words = (word.strip(" .") for word in text.split(","))
    return tuple(word for word in words if word and word.lower() not in ("none", "-"))
