"""Makes scenario corpora to measure with: seeded, distinct, about 2 KB a file, one file in ten with a defect."""

from __future__ import annotations

from pathlib import Path
from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CATEGORIES = ("combat", "exploration", "puzzle", "roleplay", "social", "survival")
NAMES = _words("Lyra Borin Aria Thorin Zara Kael Mira Dain Sable Orrin Vex Talia Rook Isolde Garrick Nyx")
RACES = ("Elf", "Dwarf", "Human", "Halfling", "Tiefling", "Half-Orc", "Gnome", "Dragonborn")
CLASSES = ("Ranger", "Cleric", "Fighter", "Rogue", "Wizard", "Bard", "Druid", "Paladin")
SKILLS = (
    "perception",
    "stealth",
    "investigation",
    "athletics",
    "arcana",
    "insight",
    "survival",
    "persuasion",
)
ITEMS = (
    "longbow",
    "arrow x20",
    "rope (50 ft)",
    "lantern",
    "silver dagger",
    "healing potion",
    "iron key",
    "map",
)
ADJECTIVES = _words(
    "flooded crumbling silent torchlit frozen overgrown haunted sunken windswept gilded narrow smoky ruined moonlit "
    "forgotten bone-white salt-stained echoing sealed tilted thorny misty ancient abandoned"
)
PLACES = _words(
    "crypt chapel tavern lighthouse mine library bridge orchard harbour watchtower sewer market cavern temple "
    "courtyard granary barrow foundry archive menagerie cloister shipyard quarry observatory"
)
THINGS = _words(
    "altar lever statue ledger brazier tapestry chest mirror portcullis well rune sarcophagus clock bell lectern "
    "mosaic cage banner furnace fountain idol scale astrolabe loom"
)
VERBS = _words(
    "search study touch circle push pry open follow mark shield light climb trace brace lift unbolt"
)
SENSES = (
    "smells of wet ash",
    "hums under your palm",
    "is colder than it should be",
    "rattles when the wind turns",
    "bears the mark of a drowned king",
    "has been moved within the hour",
    "leans towards the door",
    "is warm, as if somebody had just left",
    "drips with black water",
    "is carved with names in three hands",
)
EVENTS = (
    "A loose stone falls somewhere behind you",
    "The torches gutter and catch again",
    "Distant voices argue in Dwarvish",
    "Dust sifts down in a thin steady line",
    "Something heavy shifts below the floor",
    "A crow lands and watches",
    "The door you came through settles in its frame",
    "A chain draws taut in the dark",
    "Rain begins against the shutters",
)


def write_corpus(folder: Path, count: int, seed: int = 1) -> int:
    """Write `count` scenarios below `folder`/scenarios; gives their bytes together."""
    total = 0
    for index in range(count):
        random = Random(f"{seed}/{index}")
        path = folder / "scenarios" / CATEGORIES[index % len(CATEGORIES)] / f"scenario-{index:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        total += path.write_bytes(scenario_text(random, with_defect=index % 10 == 7).encode())
    return total


def scenario_text(random: Random, *, with_defect: bool) -> str:
    """One scenario in canonical form; a defect is a wrong sum, an unknown tool, or a missing World."""
    hero, friend = random.sample(NAMES, 2)
    skill, bonus = random.choice(SKILLS), random.randint(1, 9)
    defect = random.choice(("sum", "tool", "world")) if with_defect else ""
    turns = [_turn(random, hero, skill, bonus, defect if number == 1 else "") for number in range(3)]
    health = random.randint(20, 44)
    return (
        _system(random, hero, friend, f"{skill} +{bonus}", health, defect)
        + "".join(turns)
        + _wound(random, hero, health)
    )


def _place(random: Random) -> str:
    return f"{random.choice(ADJECTIVES)}, {random.choice(ADJECTIVES)} {random.choice(PLACES)}"


def _system(random: Random, hero: str, friend: str, skill: str, health: int, defect: str) -> str:
    world = f"## World\n\nThe {_place(random)} has stood empty for {random.randint(2, 90)} winters.\n\n"
    members = _member(random, f"{hero}** (player)", health) + f"  - Skills: {skill}\n"
    members += _member(random, f"{friend}**", health)
    return (
        "# SYSTEM\n\n## Role\n\nYou are the Dungeon Master of a fifth-edition game. Call a tool for every roll.\n\n"
        + ("" if defect == "world" else world)
        + f"## Location\n\nA {_place(random)} below a {_place(random)}.\n\n## Party\n\n{members}\n"
    )


def _member(random: Random, name: str, health: int) -> str:
    return (
        f"- **{name}: {random.choice(RACES)} {random.choice(CLASSES)}, level {random.randint(1, 9)}\n"
        f"  - Health: {health}/{health + random.randint(0, 9)}\n"
        f"  - Experience: {random.randint(0, 90) * 100}\n"
        f"  - Inventory: {', '.join(random.sample(ITEMS, 3))}\n"
    )


def _turn(random: Random, hero: str, skill: str, bonus: int, defect: str) -> str:
    thing, die = random.choice(THINGS), random.randint(1, 20)
    total = die + bonus + (7 if defect == "sum" else 0)
    tool = "rol" if defect == "tool" else "roll"
    return (
        f"# User\n\nI {random.choice(VERBS)} the {random.choice(ADJECTIVES)} {thing} and {random.choice(VERBS)} the"
        f" {random.choice(THINGS)} beside it.\n\n"
        f"# DM\n\n{hero}, the {thing} {random.choice(SENSES)}. {random.choice(EVENTS)}. [{tool}: {skill}]\n\n"
        f"<TOOLCALL>{skill}: {die} + {bonus}(skill) = *{total}*</TOOLCALL>\n\n"
        f"{random.choice(EVENTS)}, and the {random.choice(ADJECTIVES)} {random.choice(THINGS)} {random.choice(SENSES)}."
        f" Past it lies a {_place(random)}.\n\n"
    )


def _wound(random: Random, hero: str, health: int) -> str:
    loss = random.randint(1, 9)
    return (
        f"# User\n\nI {random.choice(VERBS)} on through the {_place(random)}.\n\n"
        f"# DM\n\nA hidden blade swings from the {random.choice(THINGS)}. [health: {hero}, -{loss}]\n\n"
        f"<TOOLCALL>health: {health} - {loss} = *{health - loss}*</TOOLCALL>\n\n"
        f"{random.choice(EVENTS)}. The way on is a {_place(random)}.\n"
    )
