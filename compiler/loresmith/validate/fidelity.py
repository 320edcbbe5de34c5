"""Does a model listen to results? Whether it finds the true reply likelier after the true result than after its
opposite.

A success has to be told as a success: the same reply is scored after the result as it was, and after one whose die fell
on the other side of the DC. A ledger has to be followed in words: the same reply is scored after the wound as it was,
and after one that falls where the true one stands, or stands where it falls. What the model would have said plays no
part, so its style doesn't either.
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

from loresmith.engine.reroll import refilled, rerolled
from loresmith.generate.model_file import require_gguf
from loresmith.generate.refusal import refusal
from loresmith.generate.session import PATIENT
from loresmith.process.child import ChildFailed, run_child
from loresmith.syntax.results import parse_result
from loresmith.validate.answers import Prompt
from loresmith.validate.intervals import Counts, Interval, interval, share

_RESULT = re.compile(r"<TOOLCALL>(.*?)</TOOLCALL>")
_OPPOSITE = {"success": "failure", "failure": "success", "hit": "miss", "miss": "hit"}
STANDING = 7
"""With so much health left somebody stands who truly fell."""


class Followed(BaseModel):
    """`share` of the replies to a result that are likelier after the true one than after its opposite, with its 95%
    interval, by the bootstrap over scenarios. None where there is no such reply.

    `counts` has for each scenario how many of its replies those are, and of how many.
    """

    model_config = ConfigDict(frozen=True)

    replies: int
    share: float | None
    interval: Interval | None
    counts: Counts


class Fidelity(BaseModel):
    """`perplexity` of the reference's replies, a token; `outcomes`: of replies to a success or failure, `ledgers`: of
    replies to a wound, whether somebody stands or falls."""

    model_config = ConfigDict(frozen=True)

    replies: int
    perplexity: float
    outcomes: Followed
    ledgers: Followed


KINDS = {
    "outcomes": "tells a success as a success, a failure as a failure",
    "ledgers": "tells who stands and who falls by the ledger",
}


def fidelity(model: Path, prompts: Sequence[Prompt], report: Callable[[float], None]) -> Fidelity:
    """Score a model file on the references of the prompts.

    Raises InvalidCall when there is no such file, Rejected when llama.cpp can't run it.
    """
    pairs = [
        (kind, number, turned)
        for number, prompt in enumerate(prompts)
        for kind, opposite in (("outcomes", opposite_result), ("ledgers", opposite_ledger))
        if (turned := turned_round(prompt, opposite))
    ]
    # A prompt turned round stands before its own: they share all but the end, and the next one goes on from the own.
    own = len(pairs)
    order = sorted(
        [(number, index) for index, (_, number, _) in enumerate(pairs)]
        + [(n, own) for n in range(len(prompts))]
    )
    asked = [prompts[number] if index == own else pairs[index][2] for number, index in order]
    costs = dict(zip(order, _costs(model, asked, report), strict=True))
    counts: dict[str, Counts] = {kind: {} for kind in KINDS}
    for index, (kind, number, _) in enumerate(pairs):
        scenario = prompts[number].scenario
        yes, of = counts[kind].get(scenario, (0, 0))
        counts[kind][scenario] = (yes + (costs[number, own][0] < costs[number, index][0]), of + 1)
    nats, tokens = (sum(costs[number, own][part] for number in range(len(prompts))) for part in (0, 1))
    return Fidelity(
        replies=len(prompts),
        perplexity=math.exp(nats / tokens),
        **{kind: _followed(counts[kind]) for kind in KINDS},
    )


def _followed(counts: Counts) -> Followed:
    replies = sum(of for _, of in counts.values())
    return Followed(replies=replies, share=share(counts), interval=interval(counts), counts=counts)


def turned_round(prompt: Prompt, opposite: Callable[[str], str | None]) -> Prompt | None:
    """The prompt with its last result that has an opposite turned round.

    None where it has none, or where the player has spoken since: then the reply may be about something else.
    """
    last = prompt.messages[-1]
    if _RESULT.sub("", last.content).strip():
        return None
    for found in reversed(list(_RESULT.finditer(last.content))):
        other = opposite(found[1])
        if other is not None:
            content = f"{last.content[: found.start(1)]}{other}{last.content[found.end(1) :]}"
            message = last.model_copy(update={"content": content})
            return prompt.model_copy(update={"messages": (*prompt.messages[:-1], message)})
    return None


def opposite_result(text: str) -> str | None:
    """A result whose die fell as far on the other side of the DC or AC: `15 + 5 = *20* vs DC 15 success` gives
    `4 + 5 = *9* vs DC 15 failure`. None where the die can't, or there is no outcome to turn round."""
    total = parse_result(text, 0).sum
    outcome = _OPPOSITE.get(total.outcome or "") if total else None
    if total is None or total.against is None or outcome is None:
        return None
    return rerolled(text, total.terms[0].value + 2 * total.against - 1 - 2 * total.total, outcome)


def opposite_ledger(text: str) -> str | None:
    """A wound after which somebody falls who stood, or stands who fell: `health: 24 - 5 = *19*` gives
    `health: 5 - 5 = *0*`, and that one `health: 12 - 5 = *7*`. None for what isn't a wound in health."""
    result = parse_result(text, 0)
    total = result.sum
    if result.label.lower() != "health" or total is None or any(term.dice for term in total.terms):
        return None
    wound = -sum(term.sign * term.value for term in total.terms[1:])
    if wound <= 0:
        return None
    left = 0 if total.total else STANDING
    return refilled(text, wound + left, left)


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
