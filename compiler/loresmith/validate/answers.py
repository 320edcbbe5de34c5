"""The prompts of a split, and a model file's answers to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, SkipValidation

from loresmith.diagnostics.failure import Rejected
from loresmith.engine.state import GameState
from loresmith.families.family import Family
from loresmith.lower.conversation import Conversation, Message
from loresmith.render.prompt import render_prompt
from loresmith.render.tokens import Sample


class Prompt(BaseModel):
    """The true history before one DM message, and what that message says; `party` begins with the player character.

    The first `examples` messages behind the system's are of other scenarios. `state` is the game's before the message,
    where the scenario is known.
    """

    model_config = ConfigDict(frozen=True)

    scenario: str
    path: str
    category: str
    party: tuple[str, ...]
    messages: tuple[Message, ...]
    reference: str
    expected_calls: tuple[str, ...]
    examples: int = 0
    state: SkipValidation[GameState | None] = None

    @property
    def history(self) -> tuple[Message, ...]:
        """The messages without the examples."""
        return (*self.messages[:1], *self.messages[1 + self.examples :])


class Timing(BaseModel):
    """How long an answer took, and what it needed.

    `prompt_seconds` passed until its first token, `seconds` from there to the end; a prompt that begins as the one
    before it is read only from where they part, `read_tokens` of it. `memory_bytes` the process held at the end, the
    file that is mapped into it included.
    """

    model_config = ConfigDict(frozen=True)

    read_tokens: int
    prompt_seconds: float
    seconds: float
    memory_bytes: int


class Answer(BaseModel):
    """What the model said. `ended`: it stopped by itself, with an end-of-generation token.

    `timing` is there where nothing else was asked meanwhile; `rendered` is the prompt by the template in the file,
    `native` by llama.cpp's own formatter.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    ended: bool
    tokens: int
    timing: Timing | None
    rendered: str
    rendered_ids: tuple[int, ...]
    native: str


def prompts_of(
    conversations: Sequence[Sample] | Sequence[Conversation],
    states: Mapping[str, Sequence[GameState]] | None = None,
) -> list[Prompt]:
    """One prompt for each DM message of the conversations, in order; `states` holds, by a conversation's id, the game's
    before each of its DM messages."""
    known = states or {}
    return [prompt for one in conversations for prompt in _prompts(one, known.get(one.id, ()))]


def _prompts(conversation: Sample | Conversation, states: Sequence[GameState]) -> Iterator[Prompt]:
    replies = sum(message.role == "assistant" for message in conversation.messages)
    before = iter(states or [None] * replies)
    for number, message in enumerate(conversation.messages):
        if message.role == "assistant":
            yield Prompt(
                scenario=conversation.id,
                path=conversation.path,
                category=conversation.category,
                party=conversation.party,
                messages=conversation.messages[:number],
                reference=message.content,
                expected_calls=message.expected_calls,
                state=next(before),
            )


def require_same_prompts(
    family: Family, samples: Sequence[Sample], prompts: Sequence[Prompt], answers: Sequence[Answer]
) -> None:
    """Raise Rejected when the file's own template gives another prompt than the one that was trained on.

    `prompts` are those of `samples`.
    """
    trained = [sample.ids[:start] for sample in samples for start, _ in sample.spans]
    for prompt, ids, answer in zip(prompts, trained, answers, strict=True):
        ours = render_prompt(family, prompt.messages, reply_next=True)
        if answer.rendered != ours or answer.rendered_ids != ids:
            raise Rejected(
                "The model file renders a prompt differently from the one it was trained on.",
                where=prompt.path,
                remedy="Build again from the base: the chat template or the tokenizer was changed on the way.",
                excerpt=_first_difference(ours, answer.rendered),
            )
        if answer.native.strip() != ours.removeprefix(family.bos or "").strip():
            raise Rejected(
                "llama.cpp's built-in formatter renders a prompt differently from the one it was trained on.",
                where=prompt.path,
                excerpt=_first_difference(ours, answer.native),
            )
        if family.bos and ours.count(family.bos) != 1:
            raise Rejected("A prompt doesn't have exactly one BOS token.", where=prompt.path)


def _first_difference(ours: str, theirs: str) -> str:
    pairs = enumerate(zip(ours, theirs, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    return f"trained: …{ours[same : same + 60]!r}\nfile:    …{theirs[same : same + 60]!r}"
