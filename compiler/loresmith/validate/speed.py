"""How fast a model file answered, and what it needed."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from loresmith.validate.answers import Answer


class Speed(BaseModel):
    """Over a set of answers on this machine.

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
    """Of all answers."""


def speed_of(answers: Sequence[Answer]) -> Speed:
    """How fast the answers came. There must be one."""
    waits = sorted(answer.prompt_seconds for answer in answers)
    made, spent = sum(max(0, a.tokens - 1) for a in answers), sum(a.seconds for a in answers)
    return Speed(
        first_token_seconds=waits[len(waits) // 2],
        prompt_tokens_per_second=_rate(sum(a.read_tokens for a in answers), sum(waits)),
        tokens_per_second=_rate(made, spent),
        tokens=sum(answer.tokens for answer in answers),
        memory_bytes=max(answer.memory_bytes for answer in answers),
    )


def _rate(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0
