"""Scenarios against a recipe's context: SC504."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from loresmith.diagnostics.diagnostic import Diagnostic, finding
from loresmith.diagnostics.span import Span
from loresmith.lower.conversation import Conversation

CHARACTERS_PER_TOKEN = 2.8
"""Of the densest of the shipped scenarios in Gemma's vocabulary, sheets and results included; the mean is 3.1."""
_START = Span(line=1, column=1, end_line=1, end_column=1)


def too_long(
    conversations: Iterable[Conversation], context: int, count: Callable[[Conversation], int] | None
) -> Iterator[Diagnostic]:
    """A finding for each conversation of more than `context` tokens. Without `count`, which gives a conversation's
    tokens, their number is estimated from its characters: that is said, and a warning, no error."""
    for conversation in conversations:
        tokens = count(conversation) if count else estimated_tokens(conversation)
        if tokens > context:
            about = "" if count else "about "
            note = "" if count else " (estimated: the base's tokenizer isn't here before the base is built)"
            message = f"{about.capitalize()}{tokens:,} tokens{note}; the context holds {context:,}."
            hint = "Shorten it, make two of it, or raise train.context."
            yield finding(conversation.path, "SC504", _START, message, hint, estimated=count is None)


def estimated_tokens(conversation: Conversation) -> int:
    """How many tokens a conversation is likely to have."""
    return round(sum(len(message.content) for message in conversation.messages) / CHARACTERS_PER_TOKEN)
