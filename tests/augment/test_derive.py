"""Derived scenarios: true, checked, repeatable; and balance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from loresmith.augment.balance import MOST, balanced
from loresmith.augment.derive import derive, derived, parent_of
from loresmith.augment.dice import reroll_dice
from loresmith.augment.names import swap_names
from loresmith.augment.people import names_for
from loresmith.check.file import compile_source
from loresmith.check.project import check_project
from loresmith.engine.reroll import rerolled
from loresmith.format.scenario import write_scenario
from loresmith.ir.scenario import DmTurn, Result, Scenario
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.lower.conversation import Conversation, lower_scenario
from loresmith.recipe.schema import Augment, Balance
from loresmith.syntax.results import parse_result

VOCABULARY = load_vocabulary(None)
SHIPPED_NAMES = {*names_for("feminine"), *names_for("masculine")}
ROOT = Path(__file__).parents[2] / "ai-training" / "scenarios"


@cache
def shipped() -> tuple[Scenario, ...]:
    files = {
        path.relative_to(ROOT.parents[1]).as_posix(): path.read_bytes() for path in sorted(ROOT.rglob("*.md"))
    }
    return tuple(check_project(files, VOCABULARY).scenarios())


def results(scenario: Scenario) -> list[Result]:
    return [
        p for turn in scenario.turns if isinstance(turn, DmTurn) for p in turn.parts if isinstance(p, Result)
    ]


def calls(scenario: Scenario) -> list[str]:
    return [c for message in lower_scenario(scenario, VOCABULARY).messages for c in message.expected_calls]


def test_every_shipped_scenario_has_a_copy_that_the_checker_accepts() -> None:
    trained = [scenario for scenario in shipped() if scenario.split == "train"]
    copies = derived(shipped(), Augment(names=1, dice=1), VOCABULARY)
    assert len(copies) >= 0.95 * len(trained)
    for copy in copies:
        under_its_parent = copy.model_copy(update={"id": parent_of(copy.id)})
        text = write_scenario(under_its_parent, VOCABULARY)
        assert not compile_source(copy.path, text.encode(), VOCABULARY).findings
        assert copy.split == "train"
    assert {parent_of(copy.id) for copy in copies} <= {scenario.id for scenario in trained}


def test_the_same_seed_derives_the_same_and_another_something_else() -> None:
    some = shipped()[:20]

    def texts(seed: int) -> list[str]:
        return [
            write_scenario(s, VOCABULARY)
            for s in derived(some, Augment(names=2, dice=2, seed=seed), VOCABULARY)
        ]

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)
    assert len(set(texts(1))) == len(texts(1))


def test_each_pass_changes_as_many_copies_as_it_is_asked_for() -> None:
    scenario = next(s for s in shipped() if s.id == "combat/duel-at-the-comma")
    copies = derived([scenario], Augment(dice=2, names=1), VOCABULARY)

    def names(one: Scenario) -> list[str]:
        return [member.name for member in one.system.party]

    def dice(one: Scenario) -> list[str]:
        return [result.body for result in results(one)]

    assert [copy.id for copy in copies] == [f"{scenario.id}~1", f"{scenario.id}~2"]
    assert [names(copy) != names(scenario) for copy in copies] == [True, False]
    assert [dice(copy) != dice(scenario) for copy in copies] == [True, True]


def test_dice_change_and_what_follows_from_them_does_not() -> None:
    moved = 0
    for scenario in shipped()[:60]:
        other = reroll_dice(scenario, random.Random(scenario.id))
        assert calls(other) == calls(scenario)
        maxima = {member.max_health for member in scenario.system.party}
        for old, new in zip(results(scenario), results(other), strict=True):
            before, after = parse_result(old.text[10:-11], 0).sum, parse_result(new.text[10:-11], 0).sum
            assert (before is None) == (after is None)
            if before and after:
                assert (before.outcome, before.against) == (after.outcome, after.against)
                summed = sum(term.sign * term.value for term in after.terms)
                health = "health:" in new.text
                at_most = health and after.total < summed and after.total in maxima
                assert after.total == new.total
                assert at_most or after.total == (max(summed, 0) if health else summed)
            moved += old != new
    assert moved > 60


def test_names_change_everywhere_and_nowhere_else() -> None:
    scenario = next(s for s in shipped() if s.id.endswith("ettin-in-the-vineyard"))
    other = swap_names(scenario, random.Random(1))
    old = {member.name for member in scenario.system.party}
    new = {member.name for member in other.system.party}
    assert not old & new
    assert new <= SHIPPED_NAMES
    text = write_scenario(other, VOCABULARY)
    assert not any(name in text for name in old)
    assert len(text.split()) == len(write_scenario(scenario, VOCABULARY).split())
    assert swap_names(other, random.Random(1)).system.party[0].name not in old | new


def test_no_copy_is_the_same_as_one_before_it() -> None:
    openings = derived(shipped()[:200], Augment(dialogue=4), VOCABULARY)
    assert openings
    assert len({parent_of(copy.id) for copy in openings}) == len(openings)


def test_what_an_author_silenced_keeps_no_copy_away() -> None:
    text = (ROOT / "combat" / "goblins-at-the-ford.md").read_text()
    odd = "<!-- noqa: SC204 -->\n" + text.replace("## Location", "## House rules\n\nNo crits.\n\n## Location")
    scenario = compile_source("combat/odd.md", odd.encode(), VOCABULARY).scenario
    assert scenario is not None
    assert len(derived([scenario.model_copy(update={"split": "train"})], Augment(names=2), VOCABULARY)) == 2


def test_held_out_scenarios_have_no_copies() -> None:
    held_out = [scenario for scenario in shipped() if scenario.split != "train"]
    assert held_out
    assert derived(held_out, Augment(names=3, dice=3), VOCABULARY) == []
    assert derived(shipped(), Augment(), VOCABULARY) == []


def test_a_pass_that_changes_nothing_makes_no_copy() -> None:
    quiet = shipped()[0].model_copy(update={"turns": shipped()[0].turns[:1]})
    assert derive(quiet, 1, Augment(dice=1), VOCABULARY) is None


@pytest.mark.parametrize(
    ("text", "die", "outcome", "made"),
    [
        ("stealth: 15 + 5(skill) = *20* vs DC 15 success", 11, None, "stealth: 11 + 5(skill) = *16* vs DC 15 success"),
        ("arcana: 3 - 5 = *-2* vs DC 12 failure", 6, None, "arcana: 6 - 5 = *1* vs DC 12 failure"),
        ("stealth: 15 + 5 = *20* vs DC 15 success", 4, "failure", "stealth: 4 + 5 = *9* vs DC 15 failure"),
        ("stealth: 15 + 5 = *20*", 21, None, None),
        ("attack: 2d20kh1[6, 17] + 5(skill) = *22* vs AC 12 hit", 9, None, None),
        ("inventory: key added", 3, None, None),
    ],
)  # fmt: skip
def test_a_die_that_fell_otherwise(text: str, die: int, outcome: str | None, made: str | None) -> None:
    assert rerolled(text, die, outcome) == made


def test_ids_tell_the_parent() -> None:
    assert parent_of("combat/the-dry-well~12") == "combat/the-dry-well"
    assert parent_of("combat/the-dry-well") is None
    assert parent_of("a~b") is None
    assert parent_of("a~²") is None


@pytest.mark.parametrize(
    ("name", "front", "found"),
    [
        ("goblins~2", "", ["1:1 SC105"]),
        ("goblins~2", "id: goblins-2\n", []),
        ("goblins", "id: goblins~2\n", ["2:5 SC105"]),
        ("goblins", "id: a/goblins~2~1\n", ["2:5 SC105"]),
        ("goblins~b", "", []),
        ("goblins~²", "", []),
        ("goblins~2~", "", []),
        ("goblins~", "id: 2~goblins\n", []),
    ],
)
def test_no_written_scenario_has_the_id_of_a_copy(name: str, front: str, found: list[str]) -> None:
    text = write_scenario(
        shipped()[0].model_copy(update={"id": f"combat/{name}", "path": f"{name}.md"}), VOCABULARY
    )
    body = text[text.index("# SYSTEM") :]
    path = f"ai-training/scenarios/combat/{name}.md"
    made = compile_source(path, f"---\n{front}---\n{body}".encode() if front else body.encode(), VOCABULARY)
    assert [f"{f.line}:{f.column} {f.code}" for f in made.findings] == found
    assert made.scenario is None if found else made.scenario and parent_of(made.scenario.id) is None


def conversation(number: int, category: str, split: str = "train", calls: Sequence[str] = ()) -> Conversation:
    reply = {"role": "assistant", "content": "Well.", "expected_calls": calls}
    return Conversation.model_validate(
        {"id": f"{category}{number}", "path": "x.md", "category": category, "split": split, "weight": 2.0,
         "party": ["Lyra"], "messages": (reply,)}
    )  # fmt: skip


def test_balance_lifts_what_is_rare_and_only_where_it_is_trained_on() -> None:
    many = [conversation(n, "combat") for n in range(9)]
    rare, held = conversation(0, "shopping"), conversation(1, "shopping", "eval")
    made = balanced([*many, rare, held], Balance(by="category", strength=0.5))
    assert made[0].weight == pytest.approx(2.0 * (5 / 9) ** 0.5)
    assert made[9].weight == pytest.approx(2.0 * 5**0.5)
    assert made[10].weight == 2.0
    assert balanced([*many, rare], Balance(by="category", strength=0.0)) == [*many, rare]
    assert balanced([*many, rare], Balance()) == [*many, rare]
    lone = balanced(
        [*(conversation(n, "combat") for n in range(99)), rare], Balance(by="category", strength=1.0)
    )
    assert lone[-1].weight == 2.0 * MOST


def test_balance_by_tool_counts_scenarios_and_goes_by_the_rarest() -> None:
    roll, gold, rest = "[roll: stealth]", "[gold: Lyra, +5]", "[rest: long]"
    many = [conversation(n, "combat", calls=[roll, roll]) for n in range(6)]
    both = conversation(6, "combat", calls=[roll, gold, gold])
    again, silent = conversation(7, "shopping", calls=[gold]), conversation(8, "social")
    held = conversation(9, "travel", "eval", [rest])
    made = balanced([*many, both, again, silent, held], Balance(by="tool", strength=0.5))
    # Seven scenarios roll and two give gold, however often; the held-out one counts for nothing.
    mean = (7 + 2) / 2
    assert [c.weight for c in made[:6]] == [pytest.approx(2.0 * (mean / 7) ** 0.5)] * 6
    assert [c.weight for c in made[6:8]] == [pytest.approx(2.0 * (mean / 2) ** 0.5)] * 2
    assert [c.weight for c in made[8:]] == [2.0, 2.0]
    assert [c.messages for c in made] == [c.messages for c in (*many, both, again, silent, held)]


def test_balance_by_tool_lifts_no_scenario_more_than_four_times() -> None:
    common = [conversation(n, "combat", calls=["[roll: stealth]"]) for n in range(99)]
    rare = conversation(99, "combat", calls=["[roll: stealth]", "[rest: long]"])
    made = balanced([*common, rare], Balance(by="tool", strength=1.0))
    assert MOST == 4.0
    assert made[-1].weight == 2.0 * MOST
    assert made[0].weight == pytest.approx(2.0 * ((100 + 1) / 2) / 100)
