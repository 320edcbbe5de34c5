"""Prompt text as token ids, and which of them carry loss."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
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

    def encode(self, text: str) -> list[int]:
        """The ids of a text; special tokens in it become their ids, none is added."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """The text of ids, special tokens included."""
        return self._tokenizer.decode(ids, skip_special_tokens=False)

    def prompt_ids(self, conversation: Conversation) -> list[int]:
        """The ids of the whole conversation."""
        return self.encode(render_prompt(self.family, list(conversation.messages), reply_next=False))

    def sample(self, conversation: Conversation) -> Sample:
        """The conversation in tokens with its loss spans.

        Raises Rejected where the tokens before a reply differ from the prompt that the model gets when it
        answers, where a reply's tokens don't decode to the reply and its end, or where nothing is supervised.
        """
        messages = list(conversation.messages)
        ids = self.prompt_ids(conversation)
        spans = [
            self._span(conversation, ids, messages[:number], message)
            for number, message in enumerate(messages)
            if message.role == "assistant"
        ]
        deeds = self._deeds(conversation)
        if not spans:
            raise Rejected("This scenario has no DM reply to learn from.", where=conversation.path)
        return Sample(
            id=conversation.id,
            path=conversation.path,
            category=conversation.category,
            weight=conversation.weight,
            party=conversation.party,
            ids=tuple(ids),
            spans=tuple(spans),
            deeds=tuple(deeds),
            messages=conversation.messages,
        )

    def _deeds(self, conversation: Conversation) -> list[tuple[int, int]]:
        """The tokens that hold any character of a call or of a reply's end, as ranges in order."""
        messages = list(conversation.messages)
        whole = render_prompt(self.family, messages, reply_next=False)
        offsets: list[tuple[int, int]] = self._tokenizer.encode(whole, add_special_tokens=False).offsets
        starts, ends = [start for start, _ in offsets], [end for _, end in offsets]
        return [
            (bisect_right(ends, begin), bisect_left(starts, end))
            for number, message in enumerate(messages)
            if message.role == "assistant"
            for begin, end in self._acted_on(message, len(self._prompt(messages[:number])))
        ]

    def _acted_on(self, reply: Message, offset: int) -> Iterator[tuple[int, int]]:
        """Where in the rendered text a reply's calls and its end stand; the reply begins at `offset`."""
        said = reply.content.strip()
        yield from ((offset + call.start, offset + call.end) for call in find_calls(said))
        yield offset + len(said), offset + len(said) + len(self.family.end_of_turn)

    def _prompt(self, before: list[Message]) -> str:
        return render_prompt(self.family, before, reply_next=True)

    def _span(
        self, conversation: Conversation, ids: list[int], before: list[Message], reply: Message
    ) -> tuple[int, int]:
        prompt = self._prompt(before)
        spoken = reply.content.strip() + self.family.end_of_turn
        start = len(self.encode(prompt))
        end = len(self.encode(prompt + spoken))
        if ids[:start] != self.encode(prompt) or self.decode(ids[start:end]) != spoken:
            raise Rejected(
                f"The tokens of the reply {reply.content[:40]!r} aren't those the model would produce.",
                where=conversation.path,
                remedy="Look for unusual characters in this reply, and write it another way.",
            )
        if ids[end - 1] != self.end_of_turn:
            raise Rejected("The token that ends this reply carries no loss.", where=conversation.path)
        return start, end
