"""One answer, judged: which calls it makes, which of them are right, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from loresmith.ir.scenario import Call
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.calls import canonical_call, find_calls, open_call, slipped_calls
from loresmith.validate.answers import Answer, Prompt
from loresmith.validate.meaning import meaning_of

Failure = Literal["lost", "malformed", "wrong tool", "wrong arguments", "call where none belongs"]
FAILURES: tuple[Failure, ...] = (
    "lost",
    "malformed",
    "wrong tool",
    "wrong arguments",
    "call where none belongs",
)


class Judgement(BaseModel):
    """One answer, judged. Calls are in canonical form; `found` are those that the app's pattern finds, `invalid` gives
    the reason for each that can't be used, one that the answer ends within or that lacks its colon among them. `same`
    tells whether the valid ones mean what the expected ones do.

    `scene` is everything that the model was shown, `told_before` the DM messages in it.
    """

    model_config = ConfigDict(frozen=True)

    scenario: str
    category: str
    player: str
    scene: str
    told_before: tuple[str, ...]
    reference: str
    answer: str
    expected: tuple[str, ...]
    found: tuple[str, ...]
    valid: tuple[str, ...]
    invalid: tuple[str, ...]
    same: bool
    ended: bool

    @property
    def expected_tools(self) -> list[str]:
        """The tools that the reference calls, sorted, each as often as it is called."""
        return tools_of(self.expected)

    @property
    def valid_tools(self) -> list[str]:
        """The tools of the answer's well-formed calls, sorted."""
        return tools_of(self.valid)

    @property
    def failure(self) -> Failure | None:
        """What is wrong with the calls; None where they are exactly the reference's."""
        if self.same and not self.invalid:
            return None
        if not self.expected:
            return "call where none belongs" if self.found else "malformed"
        if not self.found and not self.invalid:
            return "lost"
        if self.invalid:
            return "malformed"
        return "wrong arguments" if self.valid_tools == self.expected_tools else "wrong tool"


def judge(prompt: Prompt, answer: Answer, vocabulary: Vocabulary) -> Judgement:
    """The answer to one prompt, judged."""
    found = [(call.text, canonical_call(call.text, vocabulary)) for call in find_calls(answer.text)]
    reasons = [(written, call, _objection(call, vocabulary, len(prompt.party))) for written, call in found]
    begun = open_call(answer.text)
    valid = [call for _, call, objection in reasons if call and objection is None]
    expected = [call for text in prompt.expected_calls if (call := canonical_call(text, vocabulary))]
    return Judgement(
        scenario=prompt.scenario,
        category=prompt.category,
        player=prompt.messages[-1].content,
        scene="\n\n".join(message.content for message in prompt.messages),
        told_before=tuple(m.content for m in prompt.messages if m.role == "assistant"),
        reference=prompt.reference,
        answer=answer.text,
        expected=prompt.expected_calls,
        found=tuple(call.text if call else written for written, call, _ in reasons),
        valid=tuple(call.text for call in valid),
        invalid=(
            *(f"{written}: {objection}" for written, _, objection in reasons if objection),
            *(f"{slip}: the app doesn't find it" for slip in slipped_calls(answer.text, vocabulary.names)),
            *([f"{begun}: isn't closed"] if begun else []),
        ),
        same=_meanings(valid, prompt, vocabulary) == _meanings(expected, prompt, vocabulary),
        ended=answer.ended,
    )


def tools_of(calls: Sequence[str]) -> list[str]:
    """The tools of calls in canonical form, sorted."""
    return sorted(call[1:].split(":", 1)[0] for call in calls)


def _meanings(calls: Sequence[Call], prompt: Prompt, vocabulary: Vocabulary) -> list[tuple[str, ...]]:
    return sorted(meaning_of(call, vocabulary, prompt.party) for call in calls)


def _objection(call: Call | None, vocabulary: Vocabulary, members: int) -> str | None:
    if call is None:
        return "not a call of the language"
    return vocabulary.check_call(call, members)
