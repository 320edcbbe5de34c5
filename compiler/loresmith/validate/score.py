"""The scores of a model: shares with intervals, by tool and category, and what kinds of failure there were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pydantic import BaseModel, ConfigDict

from loresmith.validate.intervals import Interval, counts_of, interval, share
from loresmith.validate.judgement import FAILURES, Judgement
from loresmith.validate.metrics import METRICS

NOTHING = "(none)"
"""In the confusion: no call."""


class Group(BaseModel):
    """The answers of one category, or those whose reference calls one tool."""

    model_config = ConfigDict(frozen=True)

    replies: int
    call_valid: float | None
    tool_match: float | None
    exact: float | None


class Scores(BaseModel):
    """Shares between 0 and 1, None where there was nothing to judge; what each means is in validate/metrics.py.

    `intervals` holds the 95% interval of each. `confusion` counts the first call of the reference against the first
    of the answer, by tool. `distinct` is the share of different pairs of neighbouring words in all answers (distinct-2;
    J. Li et al., A Diversity-Promoting Objective Function for Neural Conversation Models, 2016).
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
    missed_call: float | None
    false_call: float | None
    ended: float | None
    too_long: float | None
    repeats: float | None
    strange_name: float | None
    distinct: float | None
    intervals: dict[str, Interval | None]
    failures: dict[str, int]
    by_tool: dict[str, Group]
    by_category: dict[str, Group]
    confusion: dict[str, dict[str, int]]


def scores_of(judgements: Sequence[Judgement]) -> Scores:
    """The scores of all judged answers."""
    counts = {metric.key: counts_of(judgements, metric) for metric in METRICS}
    failures = Counter(judged.failure for judged in judgements)
    tools = sorted({tool for judged in judgements for tool in judged.expected_tools})
    categories = sorted({judged.category for judged in judgements})
    return Scores.model_validate(
        {
            "replies": len(judgements),
            "replies_with_call": sum(bool(judged.expected) for judged in judgements),
            **{key: share(part) for key, part in counts.items()},
            "distinct": distinct_pairs(judged.answer for judged in judgements),
            "intervals": {key: interval(part) for key, part in counts.items()},
            "failures": {kind: failures[kind] for kind in FAILURES},
            "by_tool": {t: _group([j for j in judgements if t in j.expected_tools]) for t in tools},
            "by_category": {c: _group([j for j in judgements if j.category == c]) for c in categories},
            "confusion": confusion_of(judgements),
        }
    )


def confusion_of(judgements: Sequence[Judgement]) -> dict[str, dict[str, int]]:
    """How often the first tool of the reference was answered with which first well-formed tool."""
    counted = Counter((_first_tool(j.expected), _first_tool(j.valid)) for j in judgements)
    rows = sorted({expected for expected, _ in counted})
    return {row: {told: n for (e, told), n in sorted(counted.items()) if e == row} for row in rows}


def distinct_pairs(answers: Iterable[str]) -> float | None:
    """Distinct-2: different pairs of neighbouring words by all pairs; None without a pair."""
    words = [answer.lower().split() for answer in answers]
    pairs = [pair for said in words for pair in pairwise(said)]
    return len(set(pairs)) / len(pairs) if pairs else None


def _first_tool(calls: Sequence[str]) -> str:
    return calls[0][1:].split(":", 1)[0] if calls else NOTHING


def _group(judgements: Sequence[Judgement]) -> Group:
    values = {m.key: share(counts_of(judgements, m)) for m in METRICS if m.key in Group.model_fields}
    return Group(replies=len(judgements), **values)
