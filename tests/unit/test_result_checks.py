"""What lint finds in single exchanges: a call with its result."""

from __future__ import annotations

import pytest
from loresmith.check.file import compile_source
from loresmith.check.items import item_name, read_item
from loresmith.fix.file import fix_bytes
from loresmith.ir.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
PATH = "ai-training/scenarios/combat/x.md"
HEAD = """# SYSTEM

## Role

You are the DM.

## World

W.

## Location

L.

## Party

- **Bo** (player): Elf Bard, level 2
  - Health: 50/50
{sheet}
# User

Hi.

# DM

"""


def text_of(reply: str, sheet: str = "") -> str:
    return HEAD.format(sheet="".join(f"  - {line}\n" for line in sheet.splitlines())) + reply + "\n"


def found_in(reply: str, sheet: str = "") -> list[str]:
    """The findings for a DM reply, as `CODE message`."""
    findings = compile_source(PATH, text_of(reply, sheet).encode(), VOCABULARY).findings
    return [f"{found.code} {found.message}" for found in findings]


def exchanged(call: str, body: str, label: str = "roll") -> str:
    return f"{call}\n\n<TOOLCALL>{label}: {body}</TOOLCALL>"


UNKEPT = [
    ("[roll: stealth, advantage]", "2d20[14, 9] + 5(skill) = *19*", "higher", "kh1"),
    ("[roll: stealth, advantage]", "2d20[14, 9] + 5(skill) = *28*", "higher", "kh1"),
    ("[roll: 1d20, disadvantage]", "2d20[14, 9] = *9*", "lower", "kl1"),
]


@pytest.mark.parametrize(("call", "body", "which", "keep"), UNKEPT)
def test_both_dice_of_a_mode_want_the_one_that_is_kept(call: str, body: str, which: str, keep: str) -> None:
    mode = call.partition(", ")[2].strip("]")
    assert found_in(exchanged(call, body)) == [f"SC408 With {mode} the {which} die counts ({keep})."]
    source = text_of(exchanged(call, body)).encode()
    (finding,) = compile_source(PATH, source, VOCABULARY).findings
    assert finding.hint == f"Write 2d20{keep}[14, 9]."
    assert fix_bytes(PATH, source, VOCABULARY, bool).data == source


OTHER_ROLLS = [
    ("[roll: 2d6+3]", "2d6[3, 4] = *7*", "adds +3, not +0"),
    ("[roll: 2d6]", "2d6[3, 4] + 3 = *10*", "adds +0, not +3"),
    ("[roll: 2d6+3]", "2d6[3, 4] - 3 = *4*", "adds +3, not -3"),
    ("[roll: 2d6+3]", "7 + 2 = *9*", "adds +3, not +2"),
    ("[roll: 2d20kh1]", "2d20kl1[5, 19] = *5*", "rolls 2d20kh1, not 2d20kl1"),
    ("[roll: 2d6kh1]", "2d6[3, 4] = *7*", "rolls 2d6kh1, not 2d6"),
    ("[roll: 2d6]", "2d6kh1[3, 4] = *4*", "rolls 2d6, not 2d6kh1"),
]


@pytest.mark.parametrize(("call", "body", "difference"), OTHER_ROLLS)
def test_dice_that_the_call_doesnt_name(call: str, body: str, difference: str) -> None:
    assert found_in(exchanged(call, body)) == [f"SC408 {call} {difference}."]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("[roll: 2d6+3]", "10 = *10*"),
        ("[roll: 2d6 + 3 - 1]", "2d6[3, 4] + 3 - 1 = *9*"),
        ("[roll: 2d6+3]", "2d6[3, 4] + 3 + 1d4[2](bless) = *12*"),
        ("[roll: 1d20+5]", "2d20kh1[9, 14] + 5 = *19*"),
        ("[roll: stealth]", "1d20[9] + 5(skill) = *14*"),
    ],
)
def test_dice_that_the_call_allows(call: str, body: str) -> None:
    assert found_in(exchanged(call, body)) == []


MET = [
    "A goblin (archer) waits. [health: goblin (archer), -3]",
    "A goblin waits. [health: goblin_1, -1] [health: goblin #2, -1]",
    "The goblin\nchief waits. [health: goblin chief, -1]",
    "Meet Watson Jr. here. [health: Watson Jr., -1]",
    "[party: add, Watson Jr.] [health: Watson Jr., -2]",
    "[party: add, the 2] [health: 2, -2]",
    'Watson, Jr. is here. [health: "Watson, Jr.", -2]',
]
STRANGERS = ["1", "#2", "_", "gob", "oblin"]


@pytest.mark.parametrize("reply", MET)
def test_whom_the_text_has_shown(reply: str) -> None:
    assert found_in(reply) == []


@pytest.mark.parametrize("name", STRANGERS)
def test_a_piece_of_the_text_is_nobody(name: str) -> None:
    assert [found[:5] for found in found_in(f"The goblin's den, 1 or 2 of them. [health: {name}, -1]")] == [
        "SC404"
    ]


def test_one_creature_with_a_line_or_a_space_before_its_number() -> None:
    first = exchanged("A goblin! [health: goblin_1, -1]", "7 - 1 = *6*", "health")
    second = exchanged("[health: the Goblin 1, -1]", "7 - 1 = *6*", "health")
    assert found_in(f"{first}\n\n{second}") == ["SC404 goblin 1 has 6 health, not 7."]


COUNTS = [
    ("arrow x20", "arrow", 20), ("arrow ×20", "arrow", 20), ("arrow×20", "arrow", 20), ("20 arrows", "arrows", 20),
    ("20 x arrow", "arrow", 20), ("3x torch", "torch", 3), ("x2 torches", "torches", 2), ("50 gp", "gp", 50),
    ("10 ft pole", "10 ft pole", 1), ("50 feet of rope", "50 feet of rope", 1), ("10 gp gem", "10 gp gem", 1),
    ("2 handed sword", "2 handed sword", 1), ("3 days of rations", "3 days of rations", 1), ("wax 2", "wax 2", 1),
    ("box 5", "box 5", 1), ("box x5", "box", 5), ("rope (50 ft) x2", "rope (50 ft)", 2),
    ("crate (2 x oil)", "crate (2 x oil)", 1),
]  # fmt: skip
SINGULARS = [
    "handaxe handaxes", "axe axes", "box boxes", "cookie cookies", "pie pies", "berry berries", "potato potatoes",
    "knife knives", "glove gloves", "staff staves", "staff staffs", "wolf wolves", "lens lenses", "glass glasses",
    "torch torches", "house houses", "cape capes", "cap caps", "shoe shoes", "prize prizes", "canvas canvases",
]  # fmt: skip


@pytest.mark.parametrize(("written", "name", "count"), COUNTS)
def test_how_many_there_are(written: str, name: str, count: int) -> None:
    assert (item_name(written), read_item(written)[1]) == (name, count)


@pytest.mark.parametrize("words", SINGULARS)
def test_an_item_is_one_in_singular_and_plural(words: str) -> None:
    one, many = words.split()
    assert found_in(f"[inventory: Bo, remove, {many}]", f"Inventory: {one}") == []
    assert found_in(f"[inventory: Bo, remove, small {one} of Bo]", f"Inventory: small {many} of Bo x2") == []


@pytest.mark.parametrize(
    ("carried", "other"), [("cap", "cape"), ("glass", "glue"), ("10 ft pole", "5 ft pole")]
)
def test_other_items_stay_other_items(carried: str, other: str) -> None:
    assert found_in(f"[inventory: Bo, remove, {other}]", f"Inventory: {carried}") == [
        f"SC405 Bo doesn't carry '{other}'."
    ]


@pytest.mark.parametrize(
    ("skills", "what"),
    [
        ("vehicles (land) +3, stealth +2", "vehicles (land)"),
        ("stealth +2, Vehicles (Land): +3", "vehicles (land)"),
        ("thieves’ tools +3", "thieves' tools"),
        ("Stealth (Dex) +3", "stealth"),
        ("arcana +1 (expertise), sleight_of_hand +3", "sleight of hand"),
    ],
)
def test_a_skill_as_the_sheet_names_it(skills: str, what: str) -> None:
    def found(bonus: int) -> list[str]:
        body = f"10 + {bonus}(skill) = *{10 + bonus}*"
        return found_in(exchanged(f"[roll: {what}]", body, what), f"Skills: {skills}")

    assert found(3) == []
    assert found(4) == [f"SC403 {what} is stated as +3, not +4."]
