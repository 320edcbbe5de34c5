"""Weights that balance what is trained on by category or tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from loresmith.lower.conversation import Conversation
from loresmith.recipe.schema import Balance

MOST = 4.0
"""No scenario counts more than so many times what it would: a single rare one would drive the training."""


def balanced(conversations: Sequence[Conversation], asked: Balance) -> list[Conversation]:
    """The conversations with the weights of those trained on multiplied by (mean count / own count) ^ strength.

    The count is that of the scenarios in its category, or of those with its rarest tool.
    """
    if asked.by == "none":
        return list(conversations)
    trained = [c for c in conversations if c.split == "train"]
    counts = Counter(group for c in trained for group in _groups(c, asked))
    mean = sum(counts.values()) / len(counts) if counts else 0.0
    return [_weighted(c, counts, mean, asked) if c.split == "train" else c for c in conversations]


def _weighted(conversation: Conversation, counts: Counter[str], mean: float, asked: Balance) -> Conversation:
    own = min((counts[group] for group in _groups(conversation, asked)), default=0)
    factor = min(MOST, (mean / own) ** asked.strength) if own else 1.0
    return conversation.model_copy(update={"weight": conversation.weight * factor})


def _groups(conversation: Conversation, asked: Balance) -> set[str]:
    if asked.by == "category":
        return {conversation.category}
    return {call[1:].partition(":")[0] for m in conversation.messages for call in m.expected_calls}
