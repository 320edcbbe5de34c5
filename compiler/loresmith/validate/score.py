"""The scores of a model: shares with intervals, by tool and category, and what kinds of failure there were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from loresmith.validate.intervals import Interval, counts_of, interval, share
from loresmith.validate.judgement import FAILURES, Judgement
from loresmith.validate.metrics import METRICS

NOTHING = "(none)"
"""In the confusion: no call."""


class Group(BaseModel):
    """The answers of one category, or those whose reference calls one tool: shares, as in `Scores`."""

    model_config = ConfigDict(frozen=True)

    replies: int
    call_valid: float | None
    tool_match: float | None
    argument_match: float | None
    exact: float | None
    parsed: float | None
    missed_call: float | None
    false_call: float | None


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

    `intervals` holds the 95% interval of each. `confusion` counts the first call of the reference against the first
    of the answer, by tool. `distinct_1` and `distinct_2` are the shares of different words, and of different pairs of
    neighbouring words, in all answers (J. Li et al., A Diversity-Promoting Objective Function for Neural Conversation
    Models, 2016).
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
    tools = sorted({tool for judged in judgements for tool in judged.expected_tools})
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


def distinct(answers: Sequence[str], length: int) -> float | None:
    """Distinct-n: different runs of `length` words by all such runs; None without one."""
    words = [answer.lower().split() for answer in answers]
    runs = [tuple(said[at : at + length]) for said in words for at in range(len(said) - length + 1)]
    return len(set(runs)) / len(runs) if runs else None


def _first_tool(calls: Sequence[str]) -> str:
    return calls[0][1:].split(":", 1)[0] if calls else NOTHING


def _group(judgements: Sequence[Judgement]) -> Group:
    values = {m.key: share(counts_of(judgements, m)) for m in METRICS if m.key in Group.model_fields}
    return Group(replies=len(judgements), **values)
