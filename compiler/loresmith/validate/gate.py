"""The gate: a model that misses a threshold of its recipe isn't delivered."""

from __future__ import annotations

from loresmith.diagnostics.failure import Rejected
from loresmith.recipe.schema import Validate
from loresmith.validate.score import Scores
from loresmith.validate.text import percent


def require_thresholds(scores: Scores, asked: Validate, model: str) -> None:
    """Raise Rejected with every threshold that the scores of `model` miss; a score of nothing misses none."""
    missed = [
        f"{what}: {percent(value)}, asked for {'at least' if least else 'at most'} {percent(bound)}"
        for what, value, bound, least in (
            ("well-formed calls (validate.call_present)", scores.call_valid, asked.call_present, True),
            ("exact calls (validate.exact_call)", scores.exact, asked.exact_call, True),
            ("calls that parse (validate.parse_rate)", scores.parsed, asked.parse_rate, True),
            ("calls where none belongs (validate.false_calls)", scores.false_call, asked.false_calls, False),
        )
        if value is not None and (value < bound if least else value > bound)
    ]
    if missed:
        raise Rejected(
            f"The {model} model isn't good enough for its recipe.",
            remedy="Write more scenarios, train longer, or change the thresholds.",
            excerpt="\n".join(missed),
        )
