"""Does a model listen to results? Whether it finds the true reply likelier after the true result than its opposite.

A success has to be told as a success: the same reply is scored after the result as it was, and after one whose die fell
on the other side of the DC. What the model would have said plays no part, so its style doesn't either.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from loresmith.engine.reroll import rerolled
from loresmith.generate.model_file import require_gguf
from loresmith.generate.refusal import refusal
from loresmith.generate.session import PATIENT
from loresmith.process.child import ChildFailed, run_child
from loresmith.syntax.results import parse_result
from loresmith.validate.answers import Prompt
from loresmith.validate.intervals import Interval, interval, share

_RESULT = re.compile(r"<TOOLCALL>(.*?)</TOOLCALL>")
_OPPOSITE = {"success": "failure", "failure": "success", "hit": "miss", "miss": "hit"}


class Fidelity(BaseModel):
    """`perplexity` of the reference's replies, a token; `faithful`: the share of the replies to a result that are
    likelier after the true result than after its opposite, with its 95% interval. None where there is no such reply."""

    model_config = ConfigDict(frozen=True)

    replies: int
    perplexity: float
    replies_to_results: int
    faithful: float | None
    interval: Interval | None


def fidelity(model: Path, prompts: Sequence[Prompt], report: Callable[[float], None]) -> Fidelity:
    """Score a model file on the references of the prompts.

    Raises InvalidCall when there is no such file, Rejected when llama.cpp can't run it.
    """
    turned = [(number, other) for number, prompt in enumerate(prompts) if (other := turned_round(prompt))]
    costs = _costs(model, [*prompts, *(prompt for _, prompt in turned)], report)
    true, opposite = costs[: len(prompts)], costs[len(prompts) :]
    counts = dict[str, tuple[int, int]]()
    for (number, prompt), (other, _) in zip(turned, opposite, strict=True):
        yes, of = counts.get(prompt.scenario, (0, 0))
        counts[prompt.scenario] = (yes + (true[number][0] < other), of + 1)
    nats, tokens = (sum(column) for column in zip(*true, strict=True))
    return Fidelity(
        replies=len(prompts),
        perplexity=math.exp(nats / tokens),
        replies_to_results=len(turned),
        faithful=share(counts),
        interval=interval(counts),
    )


def turned_round(prompt: Prompt) -> Prompt | None:
    """The prompt with its last result turned round; None where it doesn't end with one that can be."""
    last = prompt.messages[-1]
    found = _RESULT.fullmatch(last.content.strip())
    other = opposite_result(found[1]) if found else None
    if other is None:
        return None
    message = last.model_copy(update={"content": f"<TOOLCALL>{other}</TOOLCALL>"})
    return prompt.model_copy(update={"messages": (*prompt.messages[:-1], message)})


def opposite_result(text: str) -> str | None:
    """A result whose die fell as far on the other side of the DC or AC: `15 + 5 = *20* vs DC 15 success` gives
    `4 + 5 = *9* vs DC 15 failure`. None where the die can't, or there is no outcome to turn round."""
    total = parse_result(text, 0).sum
    outcome = _OPPOSITE.get(total.outcome or "") if total else None
    if total is None or total.against is None or outcome is None:
        return None
    return rerolled(text, total.terms[0].value + 2 * total.against - 1 - 2 * total.total, outcome)


def _costs(
    model: Path, prompts: Sequence[Prompt], report: Callable[[float], None]
) -> list[tuple[float, int]]:
    """For each prompt the nats of its reference, and its tokens."""
    require_gguf(model)
    request: dict[str, Any] = {
        "model": str(model),
        "threads": os.cpu_count() or 1,
        "prompts": [
            {
                "messages": [{"role": m.role, "content": m.content} for m in prompt.messages],
                "reply": prompt.reference,
            }
            for prompt in prompts
        ],
    }
    with tempfile.TemporaryDirectory() as scratch:
        asked, said = Path(scratch) / "request.json", Path(scratch) / "response.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        try:
            run_child("loresmith.validate.likelihood_worker", [str(asked), str(said)], report, PATIENT)
        except ChildFailed as error:
            raise refusal(model, error.said) from error
        return [(nats, tokens) for nats, tokens in json.loads(said.read_text(encoding="utf-8"))]
