"""How fast a model file answered, and what it needed."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pydantic import BaseModel, ConfigDict

from loresmith.validate.answers import Answer


class Speed(BaseModel):
    """Over those answers of a set that were asked alone, on this machine.

    `first_token_seconds` is the median; the tokens a second are those of all answers together: of prompts, what was
    read of each until its first token, and of answers, what came after it. `memory_bytes` is the most that the process
    held, the mapped file included.
    """

    model_config = ConfigDict(frozen=True)

    first_token_seconds: float
    prompt_tokens_per_second: float
    tokens_per_second: float
    memory_bytes: int
    tokens: int
    """Of all answers, however they were asked."""


def speed_of(answers: Sequence[Answer]) -> Speed:
    """How fast the answers came. There must be one that was asked alone."""
    # The token that ends an answer isn't one of its own, and takes as long.
    timed = [(answer.tokens + answer.ended, answer.timing) for answer in answers if answer.timing]
    waits = [timing.prompt_seconds for _, timing in timed]
    made, spent = sum(max(0, tokens - 1) for tokens, _ in timed), sum(timing.seconds for _, timing in timed)
    return Speed(
        first_token_seconds=median(waits),
        prompt_tokens_per_second=_rate(sum(timing.read_tokens for _, timing in timed), sum(waits)),
        tokens_per_second=_rate(made, spent),
        tokens=sum(answer.tokens for answer in answers),
        memory_bytes=max(timing.memory_bytes for _, timing in timed),
    )


def _rate(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0
