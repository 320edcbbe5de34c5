"""The scores of a model: shares with intervals, by tool and category, and what kinds of failure there were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

from pydantic import BaseModel, ConfigDict

from loresmith.validate.intervals import Interval, counts_of, interval, share
from loresmith.validate.judgement import FAILURES, Judgement
from loresmith.validate.metrics import METRICS, Metric, metrics_of_tool

NOTHING = "(none)"
"""In the confusion: no call."""


class Group(BaseModel):
    """The answers of one category, or the calls of one tool: shares, as in `Scores`, with their 95% intervals.

    Of a tool, `replies` are those whose reference calls it, and a false call is one in a reply whose reference doesn't.
    """

    model_config = ConfigDict(frozen=True)

    replies: int
    tool_match: float | None
    argument_match: float | None
    exact: float | None
    parsed: float | None
    missed_call: float | None
    false_call: float | None
    intervals: dict[str, Interval | None]


GROUP_COLUMNS = {
    "tool_match": "same tools",
    "argument_match": "same arguments",
    "exact": "exact",
    "parsed": "parse",
    "missed_call": "missed",
    "false_call": "false call",
}
"""What is shown of a group, and its heading."""


class Scores(BaseModel):
    """Shares between 0 and 1, None where there was nothing to judge; what each means is in validate/metrics.py.

    `intervals` holds the 95% interval of each. `confusion` counts the tools that the reference calls against those
    that the answer calls, as `confusion_of` pairs them. `distinct_1` and `distinct_2` are the shares of different
    words, and of different pairs of neighbouring words, in all answers (J. Li et al., A Diversity-Promoting Objective
    Function for Neural Conversation Models, 2016).
    """

    model_config = ConfigDict(frozen=True)

    replies: int
    replies_with_call: int
    call_found: float | None
    call_valid: float | None
    tool_match: float | None
    argument_match: float | None
    exact: float | None
    parsed: float | None
    executed: float | None
    missed_call: float | None
    false_call: float | None
    ended: float | None
    too_long: float | None
    repeats: float | None
    strange_name: float | None
    distinct_1: float | None
    distinct_2: float | None
    intervals: dict[str, Interval | None]
    failures: dict[str, int]
    by_tool: dict[str, Group]
    by_category: dict[str, Group]
    confusion: dict[str, dict[str, int]]


def scores_of(judgements: Sequence[Judgement]) -> Scores:
    """The scores of all judged answers."""
    counts = {metric.key: counts_of(judgements, metric) for metric in METRICS}
    failures = Counter(judged.failure for judged in judgements)
    tools = sorted({t for judged in judgements for t in (*judged.expected_tools, *judged.known_tools)})
    categories = sorted({judged.category for judged in judgements})
    return Scores.model_validate(
        {
            "replies": len(judgements),
            "replies_with_call": sum(bool(judged.expected) for judged in judgements),
            **{key: share(part) for key, part in counts.items()},
            "distinct_1": distinct([judged.answer for judged in judgements], 1),
            "distinct_2": distinct([judged.answer for judged in judgements], 2),
            "intervals": {key: interval(part) for key, part in counts.items()},
            "failures": {kind: failures[kind] for kind in FAILURES},
            "by_tool": {tool: _of_tool(judgements, tool) for tool in tools},
            "by_category": {name: _of_category(judgements, name) for name in categories},
            "confusion": confusion_of(judgements),
        }
    )


def confusion_of(judgements: Sequence[Judgement]) -> dict[str, dict[str, int]]:
    """How often a tool that the reference calls was answered with which tool.

    Of each answer the calls of the same tool are paired first, then what is left in the order of the names; a call
    that is left alone stands against NOTHING, and so does a reply that has no call on either side.
    """
    counted = Counter(pair for judged in judgements for pair in _paired(judged))
    rows = sorted({expected for expected, _ in counted})
    return {row: {told: n for (e, told), n in sorted(counted.items()) if e == row} for row in rows}


def distinct(answers: Sequence[str], length: int) -> float | None:
    """Distinct-n: different runs of `length` words by all such runs; None without one."""
    words = [answer.lower().split() for answer in answers]
    runs = [tuple(said[at : at + length]) for said in words for at in range(len(said) - length + 1)]
    return len(set(runs)) / len(runs) if runs else None


def _paired(judged: Judgement) -> list[tuple[str, str]]:
    expected, called = Counter(judged.expected_tools), Counter(judged.called)
    same = [(tool, tool) for tool in (expected & called).elements()]
    left = zip_longest(
        sorted((expected - called).elements()), sorted((called - expected).elements()), fillvalue=NOTHING
    )
    return [*same, *left] or [(NOTHING, NOTHING)]


def _of_tool(judgements: Sequence[Judgement], tool: str) -> Group:
    replies = sum(tool in judged.expected_tools for judged in judgements)
    return _group(judgements, replies, metrics_of_tool(tool))


def _of_category(judgements: Sequence[Judgement], category: str) -> Group:
    inside = [judged for judged in judgements if judged.category == category]
    return _group(inside, len(inside), [metric for metric in METRICS if metric.key in GROUP_COLUMNS])


def _group(judgements: Sequence[Judgement], replies: int, metrics: Sequence[Metric]) -> Group:
    counts = {metric.key: counts_of(judgements, metric) for metric in metrics}
    values = {key: share(part) for key, part in counts.items()}
    return Group(replies=replies, **values, intervals={key: interval(part) for key, part in counts.items()})
