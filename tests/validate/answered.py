"""Judged answers made by hand."""

from __future__ import annotations

from loresmith.engine.state import GameState
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.lower.conversation import Message
from loresmith.validate.answers import Answer, Prompt
from loresmith.validate.judgement import Judgement, judge

VOCABULARY = load_vocabulary(None)


def judged(
    said: str,
    expected: str = "",
    scenario: str = "one",
    *,
    history: str = "A crypt. Lyra waits by the door.",
    party: tuple[str, ...] = ("Lyra",),
    told: str = "You look.",
    state: GameState | None = None,
) -> Judgement:
    """The judgement of an answer to `I look.` whose reference tells what is `told`, and makes the calls in `expected`
    (split by `;`)."""
    calls = tuple(call for call in expected.split(";") if call)
    prompt = Prompt(
        scenario=scenario,
        path=f"{scenario}.md",
        category="exploration",
        party=party,
        messages=(
            Message(role="system", content="You are the DM."),
            Message(role="assistant", content=history),
            Message(role="user", content="I look."),
        ),
        reference=" ".join((told, *calls)),
        expected_calls=calls,
        state=state,
    )
    answer = Answer(
        text=said, ended=True, tokens=5,
        timing=None, rendered="", rendered_ids=(), native="",
    )  # fmt: skip
    return judge(prompt, answer, VOCABULARY)
