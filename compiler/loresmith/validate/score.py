"""Judging answers: calls found by the app's pattern, valid by the vocabulary, equal to the reference's."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from loresmith.ir.scenario import Call
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.calls import canonical_call, find_calls
from loresmith.validate.answers import Answer, Prompt


class Judgement(BaseModel):
    """One answer, judged. Calls are in canonical form; `invalid` gives the reason for each invalid one."""

    model_config = ConfigDict(frozen=True)

    scenario: str
    category: str
    player: str
    reference: str
    answer: str
    expected: tuple[str, ...]
    found: tuple[str, ...]
    valid: tuple[str, ...]
    invalid: tuple[str, ...]
    ended: bool


class Scores(BaseModel):
    """Shares between 0 and 1; None where there was nothing to judge.

    Of the replies whose reference has a call: `call_found` have one by the app's pattern, `call_valid` have
    one that the vocabulary accepts, `tool_match` call the same tools, `exact` make exactly the same calls.
    Of the others, `false_call` have a call. `ended` is the share of all that stopped by themselves.
    """

    model_config = ConfigDict(frozen=True)

    replies: int
    replies_with_call: int
    call_found: float | None
    call_valid: float | None
    tool_match: float | None
    exact: float | None
    false_call: float | None
    ended: float | None


def judge(prompt: Prompt, answer: Answer, vocabulary: Vocabulary) -> Judgement:
    """The answer to one prompt, judged."""
    found = [(call.text, canonical_call(call.text, vocabulary)) for call in find_calls(answer.text)]
    reasons = [(written, call, _objection(call, vocabulary, prompt.members)) for written, call in found]
    return Judgement(
        scenario=prompt.scenario,
        category=prompt.category,
        player=prompt.messages[-1].content,
        reference=prompt.reference,
        answer=answer.text,
        expected=prompt.expected_calls,
        found=tuple(call.text if call else written for written, call, _ in reasons),
        valid=tuple(call.text for _, call, objection in reasons if call and objection is None),
        invalid=tuple(f"{written}: {objection}" for written, _, objection in reasons if objection),
        ended=answer.ended,
    )


def _objection(call: Call | None, vocabulary: Vocabulary, members: int) -> str | None:
    if call is None:
        return "not a call of the language"
    return vocabulary.check_call(call, members)


def scores_of(judgements: Sequence[Judgement]) -> Scores:
    """The scores of all judged answers."""
    calling = [j for j in judgements if j.expected]
    silent = [j for j in judgements if not j.expected]
    return Scores(
        replies=len(judgements),
        replies_with_call=len(calling),
        call_found=_share([bool(j.found) for j in calling]),
        call_valid=_share([bool(j.valid) for j in calling]),
        tool_match=_share([_tools(j.valid) == _tools(j.expected) for j in calling]),
        exact=_share([sorted(j.valid) == sorted(j.expected) for j in calling]),
        false_call=_share([bool(j.found) for j in silent]),
        ended=_share([j.ended for j in judgements]),
    )


def _tools(calls: Sequence[str]) -> list[str]:
    return sorted(call[1:].split(":", 1)[0] for call in calls)


def _share(outcomes: Sequence[bool]) -> float | None:
    return sum(outcomes) / len(outcomes) if outcomes else None
