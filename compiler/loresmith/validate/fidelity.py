"""Does a model listen to results? Whether it finds the true reply likelier after the true result than after its
opposite.

A success has to be told as a success: the same reply is scored after the result as it was, and after one whose die fell
on the other side of the DC. A ledger has to be followed in words: the same reply is scored after the wound as it was,
and after one that falls where the true one stands, or stands where it falls. What the model would have said plays no
part, so its style doesn't either.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from loresmith.engine.reroll import refilled, rerolled
from loresmith.ir.comparison import comparable_label
from loresmith.syntax.calls import parse_call
from loresmith.syntax.results import parse_result
from loresmith.validate.answers import Prompt
from loresmith.validate.ask import Asking, Reply, replies_of
from loresmith.validate.intervals import Counts, Interval, interval, share

_RESULT = re.compile(r"<TOOLCALL>(.*?)</TOOLCALL>")
_OPPOSITE = {"success": "failure", "failure": "success", "failed": "success", "hit": "miss", "miss": "hit"}
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
    """`perplexity` of the reference's replies, a token, and what they cost in `bits_per_byte` of UTF-8, which compares
    models of different vocabularies too; `outcomes`: of replies to a success or failure, `ledgers`: of replies to a
    wound, whether somebody stands or falls."""

    model_config = ConfigDict(frozen=True)

    replies: int
    perplexity: float
    bits_per_byte: float
    outcomes: Followed
    ledgers: Followed


KINDS = {
    "outcomes": "tells a success as a success, a failure as a failure",
    "ledgers": "tells who stands and who falls by the ledger",
}


def turned_rounds(prompts: Sequence[Prompt]) -> list[dict[str, Prompt]]:
    """Of each prompt those with a result turned round, by kind."""
    return [_turned_of(prompt) for prompt in prompts]


def _turned_of(prompt: Prompt) -> dict[str, Prompt]:
    opposites = {
        "outcomes": opposite_result,
        "ledgers": partial(opposite_ledger, labels=health_labels(prompt)),
    }
    found = {kind: turned_round(prompt, opposite) for kind, opposite in opposites.items()}
    return {kind: turned for kind, turned in found.items() if turned}


def fidelity_of(
    prompts: Sequence[Prompt], turned: Sequence[Mapping[str, Prompt]], replies: Sequence[Reply]
) -> Fidelity:
    """What the costs of the references say; those of `replies` are of each prompt and its turned ones, in order."""
    counts: dict[str, Counts] = {kind: {} for kind in KINDS}
    for prompt, kinds, reply in zip(prompts, turned, replies, strict=True):
        own, *others = reply.costs
        for kind, other in zip(kinds, others, strict=True):
            yes, of = counts[kind].get(prompt.scenario, (0, 0))
            counts[kind][prompt.scenario] = (yes + (own.nats < other.nats), of + 1)
    nats = sum(reply.costs[0].nats for reply in replies)
    return Fidelity(
        replies=len(prompts),
        perplexity=math.exp(nats / sum(reply.costs[0].tokens for reply in replies)),
        bits_per_byte=nats / math.log(2) / sum(len(prompt.reference.encode()) for prompt in prompts),
        **{kind: _followed(counts[kind]) for kind in KINDS},
    )


def fidelity(model: Path, prompts: Sequence[Prompt], report: Callable[[float], None]) -> Fidelity:
    """Score a model file on the references of the prompts, without an answer of its own.

    Raises InvalidCall when there is no such file, Rejected when llama.cpp can't run it.
    """
    turned = turned_rounds(prompts)
    asking = Asking(max_new_tokens=0, turned=[list(kinds.values()) for kinds in turned])
    return fidelity_of(prompts, turned, replies_of(model, prompts, asking, report))


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


def health_labels(prompt: Prompt) -> set[str]:
    """The labels of results in health, as they are compared: `health`, and whom alone the calls of `health` since the
    player last spoke begin with."""
    named: dict[str, set[str]] = {}
    for message in reversed(prompt.messages):
        if message.role == "assistant":
            for call in filter(None, map(parse_call, message.expected_calls)):
                named.setdefault(comparable_label(call.arguments[0].value), set()).add(call.tool)
        elif _RESULT.sub("", message.content).strip():
            break
    return {"health"} | {name for name, tools in named.items() if tools == {"health"}}


def opposite_ledger(text: str, labels: Collection[str]) -> str | None:
    """A wound after which somebody falls who stood, or stands who fell: `health: 24 - 5 = *19*` gives
    `health: 5 - 5 = *0*`, and that one `health: 12 - 5 = *7*`. None for what isn't a wound under one of the labels."""
    result = parse_result(text, 0)
    total = result.sum
    if (
        comparable_label(result.label) not in labels
        or total is None
        or any(term.dice for term in total.terms)
    ):
        return None
    wound = -sum(term.sign * term.value for term in total.terms[1:])
    if wound <= 0:
        return None
    left = 0 if total.total else STANDING
    return refilled(text, wound + left, left)
