"""The engine in the judging of answers: the state of the true history, and what can't be done in it."""

from __future__ import annotations

import pytest
from loresmith.check.file import compile_source
from loresmith.ir.scenario import Scenario
from loresmith.lower.conversation import lower_scenario
from loresmith.validate.answers import Answer, Prompt, prompts_of
from loresmith.validate.game_states import states_before
from loresmith.validate.judgement import Judgement, judge
from loresmith.validate.metrics import METRICS

from tests.validate.answered import VOCABULARY, judged

SCENARIO = """\
# SYSTEM

Role: DM
World: a nave
Location: its crypt
Party:
- **Bo** (player): Elf Bard, level 2
  - Health: 9/12
  - Gold: 5
  - Inventory: rope, arrow x2

# User

I shoot.

# DM

The string sings. [inventory: Bo, remove, arrow x2] [health: Bo, -4]

<TOOLCALL>inventory: arrow x2 removed</TOOLCALL>
<TOOLCALL>health: 9 - 4 = *5*</TOOLCALL>

A ghoul called Vask grins at you.

# User

Once more!

# DM

Your quiver is empty.
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Two arrows that are shot, and somebody who comes in."""
    compiled = compile_source("scenarios/combat/nave.md", SCENARIO.encode(), VOCABULARY)
    assert compiled.scenario is not None, compiled.findings
    return compiled.scenario


@pytest.fixture(scope="module")
def prompts(scenario: Scenario) -> list[Prompt]:
    """One for each of its three DM messages."""
    states = {scenario.id: states_before(scenario, VOCABULARY)}
    return prompts_of([lower_scenario(scenario, VOCABULARY)], states)


def answered(prompt: Prompt, text: str) -> Judgement:
    answer = Answer(text=text, ended=True, tokens=1, timing=None, rendered="", rendered_ids=(), native="")
    return judge(prompt, answer, VOCABULARY)


def executed(judgement: Judgement) -> bool | None:
    return next(metric for metric in METRICS if metric.key == "executed").says(judgement)


def test_each_message_has_the_state_that_the_true_history_led_to(scenario: Scenario) -> None:
    states = states_before(scenario, VOCABULARY)
    assert [state.party[0].health for state in states] == [9, 5, 5]
    assert [[item.text for item in state.party[0].items] for state in states] == [
        ["rope", "arrow x2"], ["rope"], ["rope"],
    ]  # fmt: skip
    assert [state.named("Vask") is not None for state in states] == [False, False, True]


@pytest.mark.parametrize(
    ("number", "said", "reason"),
    [
        (0, "[inventory: Bo, remove, arrow]", None),
        (2, "[inventory: Bo, remove, arrow]", "Bo doesn't carry arrow"),
        (0, "[gold: Bo, -5]", None),
        (0, "[gold: Bo, -6]", "has only 5"),
        (0, "[health: Vask, -2]", "nobody named"),
        (2, "[health: Vask, -2]", None),
        (0, "[gold: Bo, -3] Then more. [gold: Bo, -3]", "has only 2"),
        (0, "[dance: tango]", "dance"),
    ],
)
def test_a_call_has_to_be_possible_where_it_is_made(
    prompts: list[Prompt], number: int, said: str, reason: str | None
) -> None:
    judgement = answered(prompts[number], f"You see. {said}")
    assert judgement.refused is not None
    assert executed(judgement) is (reason is None)
    assert all(reason and reason in told for told in judgement.refused)


def test_what_a_result_says_counts(scenario: Scenario) -> None:
    text = (
        SCENARIO.replace("  - Gold: 5\n", "")
        .replace("[health: Bo, -4]", "[health: Bo, -4] [gold: Bo, -5]")
        .replace("*5*</TOOLCALL>", "*5*</TOOLCALL>\n<TOOLCALL>gold: 30 - 5 = *25*</TOOLCALL>")
    )
    compiled = compile_source("scenarios/combat/nave.md", text.encode(), VOCABULARY)
    assert compiled.scenario is not None, compiled.findings
    assert [state.party[0].gold for state in states_before(compiled.scenario, VOCABULARY)] == [0, 25, 25]


@pytest.mark.parametrize("label", ["gold", "charge", "Bo", "bo"])
def test_a_result_counts_under_whichever_of_the_calls_names_it_is_given(label: str) -> None:
    text = (
        SCENARIO.replace("  - Gold: 5\n", "")
        .replace("[health: Bo, -4]", "[health: player, -4] [gold: Bo, -5]")
        .replace(
            "*5*</TOOLCALL>", f"*5*</TOOLCALL>\n\nIt clinks.\n\n<TOOLCALL>{label}: 30 - 5 = *25*</TOOLCALL>"
        )
    )
    compiled = compile_source("scenarios/combat/nave.md", text.encode(), VOCABULARY)
    assert compiled.scenario is not None, compiled.findings
    assert states_before(compiled.scenario, VOCABULARY)[-1].party[0].gold == 25


def test_without_a_call_or_a_known_state_there_is_nothing_to_carry_out(prompts: list[Prompt]) -> None:
    assert executed(answered(prompts[0], "You see nothing.")) is None
    assert executed(judged("[roll: perception]", "[roll: perception]")) is None


def test_what_the_reference_calls_is_no_mistake(prompts: list[Prompt]) -> None:
    own = prompts[2].model_copy(update={"expected_calls": ("[inventory: Bo, remove, arrow]",)})
    for written in (
        "[inventory: Bo, remove, arrow]",
        "[inventory: player, remove, an arrow]",
        "[INVENTORY: remove, Arrow]",
    ):
        assert executed(answered(own, written)) is True
