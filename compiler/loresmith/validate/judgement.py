"""One answer, judged: which calls it makes, which of them are right, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from loresmith.check.replies import MOST_CHARACTERS
from loresmith.ir.scenario import Call
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.calls import canonical_call, find_calls, open_call, slipped_calls
from loresmith.validate.answers import Answer, Prompt
from loresmith.validate.game_states import refusals_of
from loresmith.validate.meaning import meaning_of

Failure = Literal["lost", "malformed", "wrong tool", "wrong arguments", "call where none belongs"]
FAILURES: tuple[Failure, ...] = (
    "lost",
    "malformed",
    "wrong tool",
    "wrong arguments",
    "call where none belongs",
)


class Objection(BaseModel):
    """Why a call can't be used: its form isn't a call's, there is no such tool, or an argument is wrong. `tool` as in
    the call, `text` says it all."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["form", "tool", "argument"]
    tool: str
    text: str


class Judgement(BaseModel):
    """One answer, judged. Calls are in canonical form; `found` are those that the app's pattern finds, `called` their
    tools, sorted, `invalid` has an objection for each that can't be used, one that the answer ends within or that lacks
    its colon among them. `differing` are the tools whose calls don't mean what the expected ones do, or can't be used.

    `refused` says of each call that the app finds and the engine doesn't carry out from the true state, why; None where
    that state isn't known. `scene` is everything of the scenario that the model was shown, `told_before` the DM
    messages in it; the app shows `most_characters` of an answer.
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
    called: tuple[str, ...]
    valid: tuple[str, ...]
    invalid: tuple[Objection, ...]
    differing: tuple[str, ...]
    refused: tuple[str, ...] | None
    ended: bool
    most_characters: int = MOST_CHARACTERS

    @property
    def expected_tools(self) -> list[str]:
        """The tools that the reference calls, sorted, each as often as it is called."""
        return tools_of(self.expected)

    @property
    def known_tools(self) -> list[str]:
        """The tools of the calls that the app finds, without those that there aren't."""
        strange = {objection.tool for objection in self.invalid if objection.kind == "tool"}
        return [tool for tool in self.called if tool not in strange]

    @property
    def same_tools(self) -> bool:
        """Whether the answer calls the tools that the reference calls, with whatever arguments."""
        return list(self.called) == self.expected_tools

    @property
    def failure(self) -> Failure | None:
        """What is wrong with the calls; None where they are exactly the reference's."""
        if not self.differing and not self.invalid:
            return None
        if not self.expected:
            return "call where none belongs" if self.found else "malformed"
        if not self.found and not self.invalid:
            return "lost"
        if any(objection.kind == "form" for objection in self.invalid):
            return "malformed"
        return "wrong arguments" if self.same_tools else "wrong tool"


def judge(
    prompt: Prompt, answer: Answer, vocabulary: Vocabulary, most_characters: int = MOST_CHARACTERS
) -> Judgement:
    """The answer to one prompt, judged; `most_characters` of it are shown by the app."""
    found = [(text, canonical_call(text, vocabulary)) for text in _calls_in(answer.text, prompt, vocabulary)]
    shown = [call.text if call else written for written, call in found]
    objections = [
        # What the reference itself calls is no mistake, though the vocabulary doesn't have it (`noqa`).
        None if text in prompt.expected_calls else _objection(written, call, vocabulary, len(prompt.party))
        for text, (written, call) in zip(shown, found, strict=True)
    ]
    valid = [text for text, objection in zip(shown, objections, strict=True) if not objection]
    invalid = (*filter(None, objections), *_not_found(answer.text, vocabulary))
    meant = _meanings(valid, prompt, vocabulary), _meanings(prompt.expected_calls, prompt, vocabulary)
    return Judgement(
        scenario=prompt.scenario,
        category=prompt.category,
        player=prompt.messages[-1].content,
        scene="\n\n".join(message.content for message in prompt.history),
        told_before=tuple(m.content for m in prompt.history if m.role == "assistant"),
        reference=prompt.reference,
        answer=answer.text,
        expected=prompt.expected_calls,
        found=tuple(shown),
        called=tuple(sorted(call.tool if call else _tool(written, vocabulary) for written, call in found)),
        valid=tuple(valid),
        invalid=invalid,
        differing=tuple(sorted(_differing(*meant) | {objection.tool for objection in invalid})),
        refused=_refused(prompt, answer.text, vocabulary),
        ended=answer.ended,
        most_characters=most_characters,
    )


def _calls_in(text: str, prompt: Prompt, vocabulary: Vocabulary) -> list[str]:
    """What the app takes for calls in a text, without what it takes for one in the reference that isn't: escaped
    brackets, links, code. Whoever says them again makes no mistake."""
    named = Counter(_canonical(call.text, vocabulary) for call in find_calls(prompt.reference))
    excused = named - Counter(_canonical(call, vocabulary) for call in prompt.expected_calls)
    calls = list[str]()
    for call in find_calls(text):
        canonical = _canonical(call.text, vocabulary)
        if excused[canonical]:
            excused[canonical] -= 1
        else:
            calls.append(call.text)
    return calls


def _canonical(written: str, vocabulary: Vocabulary) -> str:
    call = canonical_call(written, vocabulary)
    return call.text if call else written


def _refused(prompt: Prompt, text: str, vocabulary: Vocabulary) -> tuple[str, ...] | None:
    if prompt.state is None:
        return None
    # What the reference itself has is no mistake, though the engine knows better.
    excused = set(_meanings([call.text for call in find_calls(prompt.reference)], prompt, vocabulary))
    excused |= set(_meanings(prompt.expected_calls, prompt, vocabulary))
    return tuple(
        f"{refusal.call}: {refusal.reason}"
        for refusal in refusals_of(text, prompt.state, vocabulary)
        if _meaning(refusal.call, prompt, vocabulary) not in excused
    )


def tools_of(calls: Sequence[str]) -> list[str]:
    """The tools of calls in canonical form, sorted."""
    return sorted(call[1:].split(":", 1)[0] for call in calls)


def _meanings(calls: Sequence[str], prompt: Prompt, vocabulary: Vocabulary) -> list[tuple[str, ...]]:
    return sorted(_meaning(written, prompt, vocabulary) for written in calls)


def _meaning(written: str, prompt: Prompt, vocabulary: Vocabulary) -> tuple[str, ...]:
    call = canonical_call(written, vocabulary)
    return meaning_of(call, vocabulary, prompt.party) if call else (_tool(written, vocabulary), written)


def _differing(said: Sequence[tuple[str, ...]], expected: Sequence[tuple[str, ...]]) -> set[str]:
    """The tools of which one side means something that the other doesn't, or means it more often."""
    more, fewer = Counter(said) - Counter(expected), Counter(expected) - Counter(said)
    return {meaning[0] for meaning in (*more, *fewer)}


def _objection(written: str, call: Call | None, vocabulary: Vocabulary, members: int) -> Objection | None:
    """What is wrong with a call that the app finds; `call` is None where it isn't of the language."""
    if vocabulary.tool(_word(written)) is None:
        return Objection(kind="tool", tool=_word(written).lower(), text=f"{written}: no such tool")
    if call is None:
        return Objection(kind="form", tool=_tool(written, vocabulary), text=f"{written}: not a call")
    problem = vocabulary.problem(call, members)
    return problem and Objection(kind=problem.kind, tool=call.tool, text=f"{written}: {problem.reason}")


def _not_found(text: str, vocabulary: Vocabulary) -> Iterator[Objection]:
    """The objections to what is meant as a call and isn't found by the app."""
    for slip in slipped_calls(text, vocabulary.names):
        yield Objection(kind="form", tool=_tool(slip, vocabulary), text=f"{slip}: the app doesn't find it")
    if begun := open_call(text):
        yield Objection(kind="form", tool=_tool(begun, vocabulary), text=f"{begun}: isn't closed")


def _tool(written: str, vocabulary: Vocabulary) -> str:
    """The tool that a call is meant for, or its word where there is no such tool."""
    tool = vocabulary.tool(_word(written))
    return tool.name if tool else _word(written).lower()


def _word(written: str) -> str:
    return written.strip("[] \t\n").partition(":")[0].split()[0]
