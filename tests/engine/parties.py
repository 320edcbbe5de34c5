"""Random parties and random valid calls, for what must hold of every game."""

from __future__ import annotations

from hypothesis import strategies as st
from loresmith.diagnostics.span import Span
from loresmith.ir.scenario import Argument, Call, Detail, Member, System
from loresmith.ir.tools import Parameter, Tool
from loresmith.ir.vocabulary import Vocabulary

NOWHERE = Span(line=1, column=1, end_line=1, end_column=1)
NAMES = ("Lyra", "Borin", "Old Hesk", "Uncle Grot", "Jorn Redbeard")
MET = ("goblin", "the goblin", "wolf", "wolves", "Mistress Vanne", "player", "Hesk", "Old", "jorn", "dragon")
"""Names that the opening shows, parts of members' names, and one whom nobody has met."""
OPENING = "A goblin and two wolves block the road. Mistress Vanne watches from her coach."
ITEMS = ("rope (50 ft)", "arrow x20", "3 torches", "healing potion", "the silver key", "potions", "boxes x2")
SKILLS = ("perception", "stealth", "athletics", "thieves' tools", "wisdom save", "sleight of hand", "attack")
DICE = ("2d6+3", "1d20", "1d20+5", "4d8-1", "2d20kh1+4", "3d6", "1d20-2", "1d4 + 1")


def lines(words: tuple[str, ...], most: int = 4) -> st.SearchStrategy[list[str]]:
    """Some of the words, none twice."""
    return st.lists(st.sampled_from(words), max_size=most, unique=True)


@st.composite
def details(draw: st.DrawFn) -> tuple[Detail, ...]:
    """Entries of a sheet that the engine reads."""
    found: dict[str, str] = {}
    skills = draw(lines(SKILLS))
    found["Skills"] = ", ".join(f"{name} {draw(st.integers(-3, 11)):+d}" for name in skills)
    found["Abilities"] = ", ".join(
        f"{name} {draw(st.integers(3, 20))}" for name in draw(lines(("STR", "DEX", "WIS", "CHA")))
    )
    found["Gold"] = draw(st.sampled_from(("", "0", "30", "1,200 gp")))
    found["Conditions"] = ", ".join(draw(lines(("poisoned", "prone"))))
    found["Saves"] = draw(st.sampled_from(("", "wisdom +4, CON -1")))
    return tuple(Detail(name=name, value=value, span=NOWHERE) for name, value in found.items() if value)


@st.composite
def systems(draw: st.DrawFn) -> System:
    """A SYSTEM part with a party of one to three."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    player = draw(st.sampled_from(names))
    members: list[Member] = []
    for name in names:
        most = draw(st.integers(1, 60))
        members.append(
            Member(
                name=name,
                player=name == player,
                race="Elf",
                character_class="Ranger",
                level=draw(st.integers(1, 20)),
                health=draw(st.integers(0, most)),
                max_health=most,
                experience=draw(st.one_of(st.none(), st.integers(0, 9000))),
                inventory=tuple(draw(lines(ITEMS))),
                details=draw(details()),
                span=NOWHERE,
            )
        )
    role, world, place = "You are the Dungeon Master.", "The Shattered Coast.", "A mountain road."
    return System(role=role, world=world, location=place, party=tuple(members), span=NOWHERE)


def values(parameter: Parameter, vocabulary: Vocabulary) -> st.SearchStrategy[str]:
    """Values that a parameter allows."""
    if parameter.type == "name":
        return st.sampled_from((*NAMES, *MET))
    if parameter.type == "integer":
        return st.integers(-40, 40).map(lambda number: f"{number:+d}")
    if parameter.type == "choice":
        choices = parameter.choices(vocabulary.lists)
        return st.sampled_from((*choices, *DICE) if parameter.dice else choices)
    loose = st.text(st.characters(codec="utf-8", exclude_characters='[],="\n\r'), min_size=1, max_size=12)
    return st.one_of(
        st.sampled_from((*ITEMS, "arrow", "rope", "Mira", "goblin", "3 = *3*", "vs DC 3")), loose
    )


@st.composite
def calls(draw: st.DrawFn, vocabulary: Vocabulary) -> str:
    """A call as a model writes it: of any tool, optional arguments there or not."""
    tool: Tool = draw(st.sampled_from(vocabulary.tools))
    given = [p for p in tool.parameters if p.required or draw(st.booleans())]
    arguments = tuple(
        Argument(value=draw(values(parameter, vocabulary)), span=NOWHERE) for parameter in given
    )
    if len(arguments) > 1 and draw(st.integers(0, 5)) == 0 and given[0].type == "name":
        arguments = arguments[1:]
    return Call(tool=tool.name, arguments=arguments, span=NOWHERE).text
