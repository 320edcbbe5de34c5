"""How fast a model answered."""

from __future__ import annotations

import pytest
from loresmith.validate.answers import Answer, Timing
from loresmith.validate.speed import speed_of


def answer(tokens: int, *, ended: bool) -> Answer:
    """An answer, each of whose tokens but the first took a tenth of a second, the one that ends it too."""
    timing = Timing(read_tokens=50, prompt_seconds=0.5, seconds=(tokens + ended - 1) / 10, memory_bytes=1)
    return Answer(text="", ended=ended, tokens=tokens, timing=timing, rendered="", rendered_ids=(), native="")


@pytest.mark.parametrize("ended", [False, True])
def test_the_token_that_ends_an_answer_takes_its_time(ended: bool) -> None:
    speed = speed_of([answer(3, ended=ended), answer(5, ended=ended)])
    assert speed.tokens_per_second == pytest.approx(10)
    assert (speed.prompt_tokens_per_second, speed.tokens) == (pytest.approx(100), 8)


@pytest.mark.parametrize(("waits", "median"), [((3.0, 0.1), 1.55), ((3.0, 0.1, 0.2), 0.2)])
def test_the_first_tokens_wait_is_the_median(waits: tuple[float, ...], median: float) -> None:
    answers = [
        one.model_copy(update={"timing": one.timing.model_copy(update={"prompt_seconds": wait})})
        for wait in waits
        if (one := answer(2, ended=True)).timing
    ]
    assert speed_of(answers).first_token_seconds == pytest.approx(median)


def test_an_empty_answer_counts_its_end_alone() -> None:
    assert speed_of([answer(0, ended=True)]).tokens_per_second == 0
