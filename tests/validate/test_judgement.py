"""What an answer is judged to be."""

from __future__ import annotations

import pytest
from loresmith.engine.state import Being, GameState
from loresmith.validate.metrics import METRICS, repeats, strange_names

from tests.validate.answered import judged

STATE = GameState("Lyra", (Being("Lyra", listed=True, companion=True, health=5, max_health=9),))
ROLL, OTHER_ROLL, HEALTH = "[roll: perception]", "[roll: stealth]", "[health: player, -1]"
SAYS = {metric.key: metric.says for metric in METRICS}


@pytest.mark.parametrize(
    ("said", "expected", "failure"),
    [
        (f"You look. {ROLL}", ROLL, None),
        ("Nothing moves.", "", None),
        ("Nothing moves.", ROLL, "lost"),
        (f"You look. {OTHER_ROLL}", ROLL, "wrong arguments"),
        (f"It bites. {HEALTH}", ROLL, "wrong tool"),
        (f"{ROLL} {HEALTH}", ROLL, "wrong tool"),
        ("You look. [roll: ]", ROLL, "malformed"),
        ("You look. [rol: perception]", ROLL, "wrong tool"),
        ("You look. [rol: ]", ROLL, "wrong tool"),
        ("You look. [roll: dancing]", ROLL, "wrong arguments"),
        ("You look. [check: dancing]", ROLL, "wrong arguments"),
        (f"{ROLL} [health: player, many]", ROLL, "wrong tool"),
        (f"{ROLL} [health: player, many]", f"{ROLL};{HEALTH}", "wrong arguments"),
        ("You look. [roll: perc", ROLL, "malformed"),
        ("You look. [roll: perc", "", "malformed"),
        (f"{ROLL} You wait. [roll:", ROLL, "malformed"),
        ("You look. [roll", ROLL, "lost"),
        ("You look. [roll perception]", ROLL, "malformed"),
        ("You look. [ Roll: perception]", ROLL, "malformed"),
        (f"{ROLL} [health player -1]", ROLL, "malformed"),
        ("The scroll says [rolling waves].", "", None),
        ("You lie down. [Rest for now]", "", "malformed"),
        (f"Nothing. {ROLL}", "", "call where none belongs"),
        ("Nothing. [rol: x]", "", "call where none belongs"),
    ],
)
def test_the_kinds_of_failure(said: str, expected: str, failure: str | None) -> None:
    assert judged(said, expected).failure == failure


@pytest.mark.parametrize(
    ("key", "said", "expected", "says"),
    [
        ("parsed", "Nothing.", ROLL, None),
        ("parsed", ROLL, "", True),
        ("parsed", f"{ROLL} [rol: x]", ROLL, False),
        ("parsed", "You look. [roll: perc", ROLL, False),
        ("parsed", f"You look. {ROLL} [sic", ROLL, True),
        ("parsed", "You look. [roll perception]", ROLL, False),
        ("exact", f"{ROLL} [rol: x]", ROLL, False),
        ("false_call", "You look. [roll: perc", "", False),
        ("argument_match", OTHER_ROLL, ROLL, False),
        ("argument_match", HEALTH, ROLL, None),
        ("tool_match", "[roll: dancing]", ROLL, True),
        ("argument_match", "[roll: dancing]", ROLL, False),
        ("tool_match", "[rol: perception]", ROLL, False),
        ("argument_match", ROLL, ROLL, True),
        ("missed_call", "Nothing.", ROLL, True),
        ("missed_call", "Nothing.", "", None),
        ("false_call", ROLL, "", True),
        ("false_call", ROLL, ROLL, None),
        ("exact", f"{HEALTH} {ROLL}", f"{ROLL};{HEALTH}", True),
        ("too_long", "x" * 301, "", True),
        ("too_long", "x" * 300, "", False),
        ("too_long", "x" * 299 + "[roll: perception].", ROLL, False),
        ("too_long", "x" * 290 + " [roll: perception]\n\n" + "x" * 9, ROLL, False),
    ],
)
def test_a_metric_says_yes_no_or_nothing(key: str, said: str, expected: str, says: bool | None) -> None:
    assert SAYS[key](judged(said, expected)) is says


def test_a_call_without_its_name_is_wrong_in_a_party_of_two() -> None:
    assert judged("[health: -1]", HEALTH, party=("Lyra",)).invalid == ()
    assert judged("[health: -1]", HEALTH, party=("Lyra", "Borin")).failure == "wrong arguments"


@pytest.mark.parametrize(
    ("said", "expected", "same"),
    [
        ("[health: Lyra Vane, -1]", "[health: player, -1]", True),
        ("[health: lyra, -1]", "[health: player, -1]", True),
        ("[health: Borin, -1]", "[health: player, -1]", False),
        ("[health: player, -2]", "[health: player, -1]", False),
        ("[health: the Ghouls, -1]", "[health: ghoul, -1]", True),
        ("[experience: player, +50]", "[experience: player, 50]", True),
        ("[inventory: player, remove, Arrow x2]", "[inventory: Lyra Vane, remove, arrows x2]", True),
        ("[inventory: player, remove, arrow x3]", "[inventory: player, remove, arrow x2]", False),
        ("[inventory: player, add, the silver key]", "[inventory: player, add, silver key]", True),
        ("[inventory: player, add, silver key]", "[inventory: player, remove, silver key]", False),
        ("[inventory: player, add, rope (50 ft)]", "[inventory: player, add, rope]", True),
        ("[move: the Attic]", "[move: attic]", True),
        ("[move: St. Amice (crypt)]", "[move: St. Amice (Crypt)]", True),
        ("[move: St. Amice (crypt)]", "[move: St. Amice (tower)]", False),
        ("[health: Vane, -1]", "[health: player, -1]", True),
        ("[health: vane, -1]", "[health: player, -1]", False),
        ("[spell: player, bless]", "[spell: player, bless, Borin]", False),
        ("[spell: Borin, bless, player]", "[spell: Borin, bless, Lyra]", True),
        ("[spell: Borin, bless, player]", "[spell: Borin, bless, Borin]", False),
        ("[party: remove, borin]", "[party: remove, Borin]", True),
        ("[roll: Wisdom_save]", "[save: wisdom]", True),
        ("[roll: stealth, advantage]", "[roll: stealth]", False),
    ],
)
def test_calls_are_the_same_where_they_mean_the_same(said: str, expected: str, *, same: bool) -> None:
    assert (judged(said, expected, party=("Lyra Vane", "Borin")).failure is None) is same


@pytest.mark.parametrize(
    ("said", "expected", "failure"),
    [
        ("[dance: tango]", "[dance: tango]", None),
        ("You stand still.", "[dance: tango]", "lost"),
        ("[dance: waltz]", "[dance: tango]", "wrong arguments"),
        ("[health: player, many]", "[health: player, many]", None),
        (HEALTH, "[health: player, many]", "wrong arguments"),
        ("[health: player, many]", HEALTH, "wrong arguments"),
    ],
)
def test_a_reference_may_call_what_the_vocabulary_doesnt_have(
    said: str, expected: str, failure: str | None
) -> None:
    assert judged(said, expected).failure == failure
    assert SAYS["exact"](judged(said, expected)) is (failure is None)


def test_in_a_party_of_one_no_name_is_the_player() -> None:
    assert judged("[health: -1]", HEALTH, party=("Lyra",)).failure is None


def test_repetition_is_eight_words_in_a_row_that_were_said_before() -> None:
    old = "The wind drags cold ash over the broken stairs."
    assert repeats(judged("Again the wind drags cold ash over the broken stairs.", history=old))
    assert not repeats(judged("The wind drags cold ash over the silver bridge.", history=old))
    assert repeats(judged("one two three four five six seven eight " * 2))
    assert not repeats(judged("[roll: a b c d e f g h] then [roll: a b c d e f g h]"))


@pytest.mark.parametrize("told", ["A \\[roll: perception] sign.", "See [note: x](a).", "Say `[gold: 5]`."])
def test_who_says_again_what_the_reference_has_as_text_makes_no_call(told: str) -> None:
    assert judged(told, "", told=told).failure is None
    assert judged(f"{told} {told}", "", told=told).failure == "call where none belongs"
    assert judged("You look.", "", told=told).failure is None


def test_what_the_reference_has_as_text_need_not_be_carried_out() -> None:
    sign = "A sign: \\[sign: keep out\\]."
    assert SAYS["executed"](judged(f"{sign} {ROLL}", ROLL, told=sign, state=STATE)) is True
    assert SAYS["executed"](judged(f"[note: keep out] {ROLL}", ROLL, told=sign, state=STATE)) is False


def test_a_tool_that_there_isnt_is_no_tool_of_the_answer() -> None:
    assert judged("[note: ] and so").known_tools == []
    assert judged("[roll: ] and so").known_tools == ["roll"]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("You see the smith Élodie there.", "Élodie"),
        ("You see the smith Zoë there.", "Zoë"),
        ("In the café Torvald waits.", "Torvald"),
        ("the guard – Torvald – waits", "Torvald"),
        ("the man named **Torvald** waits", "Torvald"),
        ("the McAllister brothers", "McAllister"),
        ("“Go,” Torvald says.", "Torvald"),
        ('**Torvald:** "Hm."', "Torvald"),
        ("Torvald: «Hm.»", "Torvald"),
    ],
)
def test_names_are_found_in_any_letters_and_marks(said: str, name: str) -> None:
    assert strange_names(judged(said)) == [name]


@pytest.mark.parametrize(
    "said", ["It rains. You wait.", "You have:\n- Rope\n- Oil", "rope\n\nYou wait", "the DC is 12"]
)
def test_what_begins_a_sentence_is_no_name(said: str) -> None:
    assert strange_names(judged(said)) == []


def test_names_that_nobody_mentioned_are_strange() -> None:
    assert strange_names(judged("You see Lyra beside Borin.")) == ["Borin"]
    assert strange_names(judged('It\'s dark.\nTorvald: "Good day."\nLyra: "Hm."\nNote: it rains.')) == [
        "Torvald"
    ]
    assert strange_names(judged("Borin waits. [health: Borin, -1]")) == []
    assert strange_names(judged("You nod to Vex.", history="Vex's crypt lies open.")) == []
    assert (
        strange_names(judged("You nod to MacLeod and to Marén.", history="MacLeod waits with Marén.")) == []
    )
    assert strange_names(judged("You greet Mira again.", history="[party: add, Mira] She joins.")) == []
