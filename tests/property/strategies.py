"""Hypothesis strategies: scenarios as IR, and the same scenarios in every form that the language accepts."""

from __future__ import annotations

from hypothesis import strategies as st
from loresmith.diagnostics.span import Span
from loresmith.elaborate.front_matter import split_of
from loresmith.ir.scenario import (
    Argument,
    Call,
    Detail,
    DmTurn,
    Member,
    Part,
    Result,
    Scenario,
    System,
    Text,
    Turn,
    UserTurn,
)

PATH = "scenarios/combat/made.md"
SPAN = Span(line=1, column=1, end_line=1, end_column=1)

LETTERS = "abcdefghijklmnopqrstuvwxyzäöüéñłжさ😀"
SENTENCES = (
    "You see a door.", "It is *very* dark — and cold…", "“Who goes there?”", "Nothing moves", "He said: wait!",
    r"A sign reads \[closed\].", "`[roll: nothing]` is carved here", "See [the map](map.md).", "- [ ] a task",
    "1. first\n2. second", "> a quoted line", "### A heading of its own", "```\n# User\n[roll: x]\n```",
    "User: not a label here", "  indented", "two  spaces  \nand a break", "a < b && c > d", "***", "---\nmore",
    "100% # not a heading", "Ünïcödé 日本語 😀", "| a | b |\n|---|---|\n| 1 | 2 |", "<b>bold</b> & <br>",
)  # fmt: skip
CALLS: tuple[tuple[str, tuple[str, ...], str | None], ...] = (
    ("roll", ("perception",), "perception: 15 + 5(skill) = *20*"),
    ("roll", ("stealth", "advantage"), "stealth: 2d20kh1[9, 14] + 7(skill) = *21* vs DC 15 success"),
    ("roll", ("2d6+3",), "2d6+3: 2d6[1, 2] + 3 = *6*"),
    ("roll", ("wisdom save",), "wisdom save: 3 = *3* vs DC 10 failure"),
    ("inventory", ("Lyra", "add", "silver key"), "inventory: silver key added"),
    ("inventory", ("Lyra", "add", '"rope, silk"'), None),
    ("experience", ("Lyra", "50"), None),
    ("spell", ("Lyra", "bless"), None),
    ("move", ("the drowned chapel",), None),
    ("quest", ("start", "The Silver Key"), "quest: The Silver Key started"),
)  # fmt: skip

words = st.text(LETTERS, min_size=1, max_size=8)
names = words.map(str.capitalize)


def texts(pieces: tuple[str, ...] = SENTENCES) -> st.SearchStrategy[str]:
    """Text of one to four pieces on lines or paragraphs of their own; nothing blank at its ends."""
    joined = st.tuples(
        st.lists(st.sampled_from(pieces), min_size=1, max_size=4), st.sampled_from(("\n", "\n\n", "\n\n\n"))
    )
    return joined.map(lambda drawn: drawn[1].join(drawn[0]).strip()).filter(_is_text)


def _is_text(text: str) -> bool:
    """A turn begins and ends with a line that says something."""
    lines = text.split("\n")
    return bool(text) and not {lines[0], lines[-1]} & {"---", "***"}


plain_texts = texts(
    (
        "You are the Dungeon Master.",
        "Winter.",
        "A *bold* new world — far away.",
        "- a list\n- of things",
        "Ж 😀",
    )
)


@st.composite
def members(draw: st.DrawFn, name: str, *, player: bool) -> Member:
    """A member of that name."""
    most = draw(st.integers(1, 90))
    details = draw(st.lists(st.sampled_from(DETAILS), max_size=3, unique=True))
    return Member(
        name=name,
        player=player,
        race=draw(st.sampled_from((None, "Elf", "Half-Elf", "Stone Giant"))),
        character_class=draw(st.sampled_from(("Ranger", "Blood Hunter", "Storm Herald", "Wizard"))),
        level=draw(st.integers(1, 20)),
        health=draw(st.integers(0, most)),
        max_health=most,
        experience=draw(st.none() | st.integers(0, 99_999)),
        inventory=draw(st.lists(st.sampled_from(ITEMS), max_size=4).map(tuple)),
        details=tuple(Detail(name=key, value=value, span=SPAN) for key, value in details),
        span=SPAN,
    )


ITEMS = ("rope (50 ft)", "arrow x20", "key (silver, small)", "shield", "bag of (cold) teeth", "lute’s string")
DETAILS = (
    ("Skills", "perception +5, stealth +7"), ("AC", "15"), ("Gold", "20"), ("Conditions", "poisoned"),
    ("Trait", "talks: a lot"), ("Spells", "bless, light"), ("Abilities", "STR 16, DEX 12"), ("Note", "limps"),
)  # fmt: skip


@st.composite
def dm_parts(draw: st.DrawFn) -> tuple[Part, ...]:
    """The parts of a DM reply: text, then calls, each with text or its result behind it."""
    opening = draw(texts())
    behind = "\n" if opening.endswith("```") else draw(st.sampled_from((" ", "\n", "\n\n")))
    parts: list[Part] = [Text(text=opening + behind, span=SPAN)]
    for tool, values, result in draw(st.lists(st.sampled_from(CALLS), max_size=3)):
        arguments = tuple(Argument(value=value, span=SPAN) for value in values)
        parts.append(Call(tool=tool, arguments=arguments, span=SPAN))
        if result:
            label, _, body = result.partition(": ")
            total = int(body.split("*")[1]) if "*" in body else None
            parts.append(Text(text="\n\n", span=SPAN))
            parts.append(Result(label=label, body=body, total=total, span=SPAN))
        parts.append(Text(text=f"\n\n{draw(texts())}\n", span=SPAN))
    last = parts[-1]
    assert isinstance(last, Text)
    return (*parts[:-1], last.model_copy(update={"text": last.text.rstrip()}))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A scenario that has no finding of severity error."""
    party = ["Lyra", *draw(st.lists(names, max_size=2, unique_by=str.casefold).filter(_are_new))]
    turns: list[Turn] = []
    for _ in range(draw(st.integers(1, 3))):
        turns.append(UserTurn(text=draw(texts()), span=SPAN))
        turns.append(DmTurn(parts=draw(dm_parts()), span=SPAN))
    scenario_id = draw(st.sampled_from(("combat/made", "Ünï id: 7")))
    return Scenario(
        path=PATH,
        id=scenario_id,
        category=draw(st.sampled_from(("combat", "exploration"))),
        tags=tuple(draw(st.lists(words, max_size=2))),
        split=draw(st.sampled_from((split_of(scenario_id), "test"))),
        weight=draw(st.sampled_from((1.0, 0.5, 3.0))),
        system=System(
            role=draw(plain_texts),
            world=draw(st.none() | plain_texts),
            location=draw(st.none() | plain_texts),
            party=tuple(draw(members(name, player=place == 0)) for place, name in enumerate(party)),
            fields=tuple(
                Detail(name=name, value=draw(plain_texts), span=SPAN)
                for name in draw(st.lists(st.sampled_from(("Tone", "House rules")), max_size=2, unique=True))
            ),
            span=SPAN,
        ),
        turns=tuple(turns),
    )


def _are_new(found: list[str]) -> bool:
    return "lyra" not in {name.casefold() for name in found} and all(name[0].isalpha() for name in found)
