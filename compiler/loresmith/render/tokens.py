"""Prompt text as token ids, and which of them carry loss."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import Family
from loresmith.lower.conversation import Conversation, Message
from loresmith.render.prompt import render_prompt
from loresmith.syntax.calls import find_calls


class Sample(BaseModel):
    """One conversation in tokens. `spans` are half-open ranges of the tokens that the DM must produce, `deeds` those
    among them that the app acts on: the calls, and the end of each reply."""

    model_config = ConfigDict(frozen=True)

    id: str
    path: str
    category: str
    weight: float
    party: tuple[str, ...]
    ids: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    deeds: tuple[tuple[int, int], ...]
    messages: tuple[Message, ...]

    @property
    def supervised(self) -> int:
        """The number of tokens that carry loss."""
        return sum(end - start for start, end in self.spans)

    def weights(self, deed_weight: float) -> list[float]:
        """What each supervised token counts: the sample's weight, `deed_weight` times that in a deed."""
        deeds = {place for start, end in self.deeds for place in range(start, end)}
        places = (place for start, end in self.spans for place in range(start, end))
        return [self.weight * (deed_weight if place in deeds else 1.0) for place in places]


@dataclass(frozen=True)
class Reply:
    """What the model gets before a reply, and what it shall say, without the token that ends it."""

    prompt: str
    said: str


class Tokens:
    """The base model's tokenizer, as it was saved in its folder."""

    def __init__(self, folder: Path, family: Family) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.family = family
        if self._tokenizer.token_to_id(family.end_of_turn) is None:
            raise Rejected(
                f"The base model's tokenizer has no {family.end_of_turn}, which ends a message.",
                where=str(folder),
                remedy="Choose a base of the family with its own tokenizer.",
            )

    @property
    def end_of_turn(self) -> int:
        """The id of the token that ends a message."""
        return int(self._tokenizer.token_to_id(self.family.end_of_turn))

    def decode(self, ids: list[int]) -> str:
        """The text of ids, special tokens included."""
        return self._tokenizer.decode(ids, skip_special_tokens=False)

    def prompt_ids(self, conversation: Conversation) -> list[int]:
        """The ids of the whole conversation; special tokens in a text become their ids, none is added."""
        return self._whole(list(conversation.messages)).ids

    def sample(self, conversation: Conversation) -> Sample:
        """The conversation in tokens with its loss spans.

        Raises Rejected where the tokens before a reply differ from the prompt that the model gets when it
        answers, where a reply's tokens don't decode to the reply and its end, or where nothing is supervised.
        """
        messages = list(conversation.messages)
        whole = self._whole(messages)
        replies = self._replies(messages)
        spans = self._spans(conversation, whole, replies)
        deeds = self._deeds(whole, replies)
        if not spans:
            raise Rejected("This scenario has no DM reply to learn from.", where=conversation.path)
        return Sample(
            id=conversation.id,
            path=conversation.path,
            category=conversation.category,
            weight=conversation.weight,
            party=conversation.party,
            ids=tuple(whole.ids),
            spans=tuple(spans),
            deeds=tuple(deeds),
            messages=conversation.messages,
        )

    def _whole(self, messages: list[Message]) -> Any:
        """The encoding of the whole conversation: ids, and where in the text each token stands."""
        return self._tokenizer.encode(
            render_prompt(self.family, messages, reply_next=False), add_special_tokens=False
        )

    def _replies(self, messages: list[Message]) -> list[Reply]:
        return [
            Reply(render_prompt(self.family, messages[:number], reply_next=True), message.content.strip())
            for number, message in enumerate(messages)
            if message.role == "assistant"
        ]

    def _spans(self, conversation: Conversation, whole: Any, replies: list[Reply]) -> list[tuple[int, int]]:
        """The tokens of each reply and its end."""
        prompts = self._tokenizer.encode_batch_fast([r.prompt for r in replies], add_special_tokens=False)
        ends = [end for _, end in whole.offsets]
        return [
            self._span(conversation, whole.ids, before.ids, reply.said, bisect_right(ends, self._end(reply)))
            for before, reply in zip(prompts, replies, strict=True)
        ]

    def _span(
        self, conversation: Conversation, ids: list[int], before: list[int], said: str, end: int
    ) -> tuple[int, int]:
        start = len(before)
        if ids[:start] != before or self.decode(ids[start:end]) != said + self.family.end_of_turn:
            raise Rejected(
                f"The tokens of the reply {said[:40]!r} aren't those the model would produce.",
                where=conversation.path,
                remedy="Look for unusual characters in this reply, and write it another way.",
            )
        if ids[end - 1] != self.end_of_turn:
            raise Rejected("The token that ends this reply carries no loss.", where=conversation.path)
        return start, end

    def _end(self, reply: Reply) -> int:
        """Where in the rendered text a reply's end-of-turn token ends."""
        return len(reply.prompt) + len(reply.said) + len(self.family.end_of_turn)

    def _deeds(self, whole: Any, replies: list[Reply]) -> list[tuple[int, int]]:
        """The tokens that hold any character of a call or of a reply's end, as ranges in order."""
        starts, ends = ([offset[side] for offset in whole.offsets] for side in (0, 1))
        return [
            (bisect_right(ends, begin), bisect_left(starts, end))
            for reply in replies
            for begin, end in self._acted_on(reply)
        ]

    def _acted_on(self, reply: Reply) -> Iterator[tuple[int, int]]:
        """Where in the rendered text a reply's calls and its end stand."""
        offset = len(reply.prompt)
        yield from ((offset + call.start, offset + call.end) for call in find_calls(reply.said))
        yield offset + len(reply.said), self._end(reply)
