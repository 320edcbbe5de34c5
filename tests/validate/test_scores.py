"""Scores, their intervals, comparison and the gate."""

from __future__ import annotations

import random

import pytest
from loresmith.diagnostics.failure import Rejected
from loresmith.recipe.schema import Validate
from loresmith.validate.compare import compare, compare_counts
from loresmith.validate.gate import METRIC_OF, require_thresholds
from loresmith.validate.intervals import counts_of, difference_interval, interval, share
from loresmith.validate.judgement import Judgement
from loresmith.validate.metrics import METRICS
from loresmith.validate.score import distinct, scores_of

from tests.validate.answered import judged

ROLL, HEALTH = "[roll: perception]", "[health: player, -1]"
EXACT = next(metric for metric in METRICS if metric.key == "exact")
FALSE_CALL = next(metric for metric in METRICS if metric.key == "false_call")


def answers(right: int, of: int, each: int = 5) -> list[Judgement]:
    """`of` answers in scenarios of `each`, the first `right` of them with the reference's call."""
    return [judged(ROLL if n < right else "Nothing.", ROLL, f"s{n // each}") for n in range(of)]


def test_shares_are_of_the_answers_a_metric_applies_to() -> None:
    scores = scores_of(
        [judged(ROLL, ROLL), judged("Nothing.", ROLL), judged(ROLL, ""), judged("Nothing.", "")]
    )
    assert (scores.replies, scores.replies_with_call) == (4, 2)
    assert (scores.exact, scores.missed_call, scores.false_call, scores.parsed) == (0.5, 0.5, 0.5, 1.0)
    assert scores.failures == {
        "lost": 1, "malformed": 0, "wrong tool": 0, "wrong arguments": 0, "call where none belongs": 1
    }  # fmt: skip
    assert scores.by_tool["roll"].replies == 2
    assert scores.by_category["exploration"].replies == 4
    assert scores.confusion == {"roll": {"roll": 1, "(none)": 1}, "(none)": {"roll": 1, "(none)": 1}}


def test_the_calls_of_a_tool_are_judged_whatever_else_a_reply_calls() -> None:
    both = f"{ROLL};{HEALTH}"
    tools = scores_of(
        [
            judged(ROLL, both, "a"),
            judged(f"{ROLL} [health: player, -2]", both, "b"),
            judged(f"{ROLL} [health: player, many]", both, "c"),
            judged(f"{ROLL} {HEALTH}", ROLL, "d"),
        ]
    ).by_tool
    roll, health = tools["roll"], tools["health"]
    assert (roll.replies, roll.exact, roll.missed_call, roll.false_call) == (4, 1.0, 0.0, None)
    assert (health.replies, health.exact, health.tool_match) == (3, 0.0, 2 / 3)
    assert (health.missed_call, health.false_call, health.parsed) == (1 / 3, 1.0, 2 / 3)
    assert roll.intervals["exact"] is not None


def test_a_false_call_that_cannot_be_used_is_shown_by_its_tool() -> None:
    tools = scores_of([judged("[health: Lyra, lots]", ""), judged("[dance: wildly]", "")]).by_tool
    assert list(tools) == ["health"]
    assert tools["health"].false_call == 0.5


def test_a_call_that_isnt_closed_counts_against_its_tool() -> None:
    roll = scores_of([judged(f"{ROLL} You look. [roll: perc", ROLL)]).by_tool["roll"]
    assert (roll.exact, roll.argument_match, roll.parsed) == (0.0, 0.0, 0.0)


def test_a_tool_that_is_only_called_falsely_has_its_row() -> None:
    tools = scores_of([judged("[gold: player, -5] [dance: tango]", "")]).by_tool
    assert list(tools) == ["gold"]
    assert (tools["gold"].replies, tools["gold"].exact, tools["gold"].false_call) == (0, None, 1.0)


def test_the_confusion_pairs_the_same_tools_first() -> None:
    scores = scores_of(
        [judged("[gold: player, -5]", f"{ROLL};[gold: player, -5]"), judged(f"{HEALTH} {ROLL}", ROLL)]
    )
    assert scores.confusion == {
        "(none)": {"health": 1}, "gold": {"gold": 1}, "roll": {"(none)": 1, "roll": 1}
    }  # fmt: skip


def test_all_or_nothing_isnt_certainty() -> None:
    low, high = interval({f"s{n}": (3, 3) for n in range(10)}) or (0.0, 0.0)
    assert (round(low, 3), high) == (0.722, 1.0)
    low, high = interval({f"s{n}": (0, 3) for n in range(100)}) or (0.0, 0.0)
    assert (low, round(high, 3)) == (0.0, 0.037)


def test_alike_scenarios_arent_certainty_either() -> None:
    low, high = interval({f"s{n}": (1, 2) for n in range(10)}) or (0.0, 0.0)
    assert (round(low, 3), round(high, 3)) == (0.237, 0.763)


@pytest.mark.parametrize("scenarios", [1, 2, 3, 5, 9])
def test_intervals_of_few_scenarios_hold_the_true_share(scenarios: int) -> None:
    dice, held = random.Random(scenarios), 0
    for _ in range(100):
        counts = {f"s{n}": (sum(dice.random() < 0.6 for _ in range(4)), 4) for n in range(scenarios)}
        low, high = interval(counts) or (1.0, 0.0)
        held += low <= 0.6 <= high
    assert held >= 93


@pytest.mark.parametrize("scenarios", [10, 17])
def test_intervals_hold_the_true_share_as_often_as_they_say(scenarios: int) -> None:
    dice, held, draws = random.Random(scenarios), 0, 2000
    for _ in range(draws):
        counts = {f"s{n}": (sum(dice.random() < 0.6 for _ in range(4)), 4) for n in range(scenarios)}
        low, high = interval(counts) or (1.0, 0.0)
        held += low <= 0.6 <= high
    assert 0.94 <= held / draws <= 0.97


def test_nothing_judged_has_no_interval() -> None:
    assert interval({"a": (0, 0)}) is None
    assert interval({}) is None


def test_a_few_scenarios_decide_nothing() -> None:
    assert compare(answers(45, 45), answers(0, 45), EXACT).verdict == "can't tell"
    assert compare(answers(50, 50), answers(0, 50), EXACT).verdict == "better"


@pytest.mark.parametrize(
    ("one", "other", "scenarios"),
    [((1, 1), (0, 1), 1), ((3, 5), (1, 5), 5), ((3, 5), (3, 5), 10), ((3, 5), (1, 5), 30)],
)
def test_differences_of_few_or_like_scenarios_have_wilsons_kind_of_room(
    one: tuple[int, int], other: tuple[int, int], scenarios: int
) -> None:
    names = [f"s{number}" for number in range(scenarios)]
    low, high = difference_interval(dict.fromkeys(names, one), dict.fromkeys(names, other)) or (1.0, 0.0)
    assert -1 <= low < one[0] / one[1] - other[0] / other[1] < high or high == 1
    assert high - low > 1 / (scenarios + 2)
    few = difference_interval(dict.fromkeys(names[:1], one), dict.fromkeys(names[:1], other)) or (1.0, 0.0)
    assert few[1] - few[0] >= high - low


def test_like_scenarios_enough_of_them_decide() -> None:
    names = [f"s{number}" for number in range(12)]
    better = compare_counts("exact", dict.fromkeys(names, (2, 2)), dict.fromkeys(names, (0, 2)))
    alike = compare_counts("exact", dict.fromkeys(names, (1, 2)), dict.fromkeys(names, (1, 2)))
    assert (better.verdict, alike.verdict) == ("better", "can't tell")


@pytest.mark.parametrize("scenarios", [2, 5, 9])
def test_differences_of_few_scenarios_hold_the_true_one(scenarios: int) -> None:
    dice, held, draws = random.Random(scenarios), 0, 1000
    for _ in range(draws):
        one, other = (
            {f"s{n}": (sum(dice.random() < chance for _ in range(4)), 4) for n in range(scenarios)}
            for chance in (0.7, 0.5)
        )
        low, high = difference_interval(one, other) or (1.0, 0.0)
        held += low <= 0.2 <= high
    assert held / draws >= 0.95


def test_a_difference_of_what_nothing_was_judged_by_has_no_interval() -> None:
    assert difference_interval({"a": (0, 0)}, {"a": (1, 1)}) is None
    assert difference_interval({}, {}) is None


def test_nothing_to_judge_is_no_score() -> None:
    scores = scores_of([judged("Nothing.", "")])
    assert scores.exact is None
    assert scores.intervals["exact"] is None


def test_the_same_answers_give_the_same_interval_around_their_share() -> None:
    counts = counts_of(answers(30, 60), EXACT)
    low, high = interval(counts) or (1.0, 0.0)
    assert share(counts) == 0.5
    assert low < 0.5 < high
    assert interval(counts) == (low, high)


def test_answers_of_one_scenario_count_as_one_draw() -> None:
    def width(each: int) -> float:
        bounds = interval({f"s{n}": (each * (n % 2), each) for n in range(60 // each)})
        assert bounds is not None
        return bounds[1] - bounds[0]

    assert width(10) > 1.5 * width(1)


def test_a_clear_difference_is_told_and_a_small_one_is_not() -> None:
    assert compare(answers(50, 60), answers(10, 60), EXACT).verdict == "better"
    assert compare(answers(10, 60), answers(50, 60), EXACT).verdict == "worse"
    assert compare(answers(31, 60), answers(30, 60), EXACT).verdict == "can't tell"
    same = compare(answers(30, 60), answers(30, 60), EXACT)
    low, high = same.interval or (1.0, 0.0)
    assert (same.difference, low) == (0.0, -high)
    assert 0 < high < 0.2


def test_fewer_false_calls_are_better() -> None:
    quiet = [judged("Nothing.", "", f"s{n}") for n in range(30)]
    loud = [judged(ROLL, "", f"s{n}") for n in range(30)]
    assert compare(quiet, loud, FALSE_CALL).verdict == "better"


def test_answers_to_other_prompts_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="different prompts"):
        compare(answers(1, 5), [judged(ROLL, ROLL, "other") for _ in range(5)], EXACT)


def test_distinct_words_and_pairs() -> None:
    assert distinct(["a b a b", "c"], 1) == 3 / 5
    assert distinct(["a b a b", "c"], 2) == 2 / 3
    assert distinct(["a"], 2) is None


def test_the_gate_names_every_threshold_that_is_missed() -> None:
    scores = scores_of([judged(ROLL, ROLL), judged("Nothing.", ROLL), judged(ROLL, "")])
    require_thresholds({"q8_0": scores}, Validate(), "report.html")
    held = asked(tool_call_exact=">= 0.5", parse_rate=">= 1", false_calls="<= 1")
    require_thresholds({"q8_0": scores}, held, "report.html")
    missed = asked(tool_call_exact=">= 0.6", missed_calls="<= 0.5", false_calls="<= 0.1")
    with pytest.raises(Rejected) as refused:
        require_thresholds({"q8_0": scores}, missed, "report.html")
    assert refused.value.exit_code == 1
    assert refused.value.message == "The q8_0 model isn't good enough for the recipe."
    assert refused.value.excerpt.splitlines() == [
        "q8_0: validate.tool_call_exact: 50.0%, asked for at least 60.0%",
        "q8_0: validate.false_calls: 100.0%, asked for at most 10.0%",
    ]
    assert "report.html" in refused.value.remedy


def test_the_gate_names_every_model_that_misses_a_threshold() -> None:
    good, bad = scores_of([judged(ROLL, ROLL)]), scores_of([judged("Nothing.", ROLL)])
    with pytest.raises(Rejected) as refused:
        require_thresholds(
            {"q8_0": bad, "q6_k": good, "q4_0": bad}, asked(tool_call_exact=">= 0.6"), "report.html"
        )
    assert refused.value.message == "The q8_0 and q4_0 models aren't good enough for the recipe."
    assert [line.split(":")[0] for line in refused.value.excerpt.splitlines()] == ["q8_0", "q4_0"]


def test_a_threshold_that_nothing_can_be_judged_by_is_missed() -> None:
    scores = scores_of([judged("Nothing.", "")])
    with pytest.raises(Rejected) as refused:
        require_thresholds(
            {"q8_0": scores}, asked(tool_call_exact=">= 0.0", false_calls="<= 0.0"), "report.html"
        )
    assert (
        refused.value.excerpt
        == "q8_0: validate.tool_call_exact: nothing to judge by, asked for at least 0.0%"
    )


def test_every_threshold_of_a_recipe_is_held_against_a_metric() -> None:
    others = {"scenarios", "max_new_tokens", "max_divergence"}
    assert set(METRIC_OF) == set(Validate.model_fields) - others
    assert set(METRIC_OF.values()) <= {metric.key for metric in METRICS}


def asked(**thresholds: str) -> Validate:
    return Validate.model_validate(thresholds)
