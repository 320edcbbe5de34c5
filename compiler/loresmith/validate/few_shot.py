"""Prompts that show the model what is wanted: the baseline that needs no training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from loresmith.lower.conversation import Conversation, Message
from loresmith.validate.answers import Prompt

SHOTS = 4
"""Exchanges shown before the scene: they fit into a context of 2,048 tokens with the longest scenario."""


def with_examples(prompts: Sequence[Prompt], trained: Sequence[Conversation]) -> list[Prompt]:
    """The prompts with SHOTS exchanges from scenarios that are trained on, or as many as there are, the same ones in
    every prompt.

    One shows a reply without a call, the others as many different tools as can be; which ones is decided by the hash of
    their text.
    """
    shown = [message for pair in _examples(trained) for message in pair]
    return [
        prompt.model_copy(
            update={"messages": (prompt.messages[0], *shown, *prompt.messages[1:]), "examples": len(shown)}
        )
        for prompt in prompts
    ]


def _examples(trained: Sequence[Conversation]) -> list[tuple[Message, Message]]:
    pairs = [
        (asked, told)
        for conversation in trained
        for asked, told in zip(conversation.messages, conversation.messages[1:], strict=False)
        if asked.role == "user" and told.role == "assistant" and not asked.content.startswith("<")
    ]
    ranked = sorted(pairs, key=lambda pair: hashlib.sha256(pair[1].content.encode()).digest())
    calling = [pair for pair in ranked if pair[1].expected_calls]
    silent = [pair for pair in ranked if not pair[1].expected_calls]
    tools = dict[str, tuple[Message, Message]]()
    for pair in calling:
        tools.setdefault(pair[1].expected_calls[0].partition(":")[0], pair)
    others = [pair for pair in calling if pair not in tools.values()]
    shown = [*tools.values(), *others][: SHOTS - len(silent[:1])] + silent[:1]
    return shown + silent[1 : 1 + SHOTS - len(shown)]
