"""The gate: a model that misses a threshold of its recipe isn't delivered."""

from __future__ import annotations

from collections.abc import Mapping

from loresmith.diagnostics.failure import Rejected
from loresmith.recipe.schema import Validate
from loresmith.validate.metrics import METRICS
from loresmith.validate.score import Scores

METRIC_OF = {
    "tool_call_exact": "exact",
    "tool_call_present": "call_valid",
    "tool_match": "tool_match",
    "argument_match": "argument_match",
    "parse_rate": "parsed",
    "executed_calls": "executed",
    "missed_calls": "missed_call",
    "false_calls": "false_call",
}
"""The metric that each threshold of a recipe's `validate` section is held against."""


def require_thresholds(scores: Mapping[str, Scores], asked: Validate, page: str) -> None:
    """Raise Rejected with every threshold that the scores of a model miss, and the `page` that shows the answers.

    `scores` are by the models' names. A threshold for what nothing was there to judge by is missed too: it can't be
    shown to hold.
    """
    missed = {model: _missed(found, asked) for model, found in scores.items()}
    failed = [model for model, lines in missed.items() if lines]
    if failed:
        noun, verb = ("model", "isn't") if len(failed) == 1 else ("models", "aren't")
        raise Rejected(
            f"The {' and '.join(failed)} {noun} {verb} good enough for the recipe.",
            remedy=f"Look at the answers in {page}; then write more scenarios, train longer, or change the thresholds.",
            excerpt="\n".join(f"{model}: {line}" for model in failed for line in missed[model]),
        )


def _missed(scores: Scores, asked: Validate) -> list[str]:
    return [
        f"validate.{key}: {'nothing to judge by' if value is None else f'{value:.1%}'}, "
        f"asked for {'at least' if least else 'at most'} {bound:.1%}"
        for key, value, bound, least in _held(scores, asked)
        if value is None or (value < bound if least else value > bound)
    ]


def _held(scores: Scores, asked: Validate) -> list[tuple[str, float | None, float, bool]]:
    """Each threshold that is asked for: its name, the score, the bound, and whether that is the least."""
    higher = {metric.key: metric.higher_is_better for metric in METRICS}
    bounds = {key: getattr(asked, key) for key in METRIC_OF}
    return [
        (key, getattr(scores, METRIC_OF[key]), bound, higher[METRIC_OF[key]])
        for key, bound in bounds.items()
        if bound is not None
    ]
