"""Counts and lengths over all scenarios."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from loresmith.lower.conversation import OPENING, Conversation, Message

_RESULTS = re.compile(r"^(?:<TOOLCALL>.*?</TOOLCALL>\s*)+", re.DOTALL)


class Spread(BaseModel):
    """The lengths of some texts, in characters: half are at most `median`, at least 95 in 100 at most `p95`."""

    model_config = ConfigDict(frozen=True)

    median: int
    p95: int
    longest: int


class ToolUse(BaseModel):
    """How many calls of a tool there are, and in how many scenarios."""

    model_config = ConfigDict(frozen=True)

    calls: int
    scenarios: int


class Statistics(BaseModel):
    """What a library holds. `replies` are the DM messages that a model is trained on or asked for; the lengths are
    those of replies and of what the player says, None without any."""

    model_config = ConfigDict(frozen=True)

    scenarios: int
    by_split: dict[str, int]
    by_category: dict[str, int]
    player_messages: int
    replies: int
    replies_without_call: int
    calls: int
    by_tool: dict[str, ToolUse]
    reply_characters: Spread | None
    player_characters: Spread | None


def statistics_of(conversations: Sequence[Conversation], tools: Iterable[str]) -> Statistics:
    """The statistics of lowered scenarios; `tools` are all that can be called, the unused ones count 0."""
    replies = [m for c in conversations for m in c.messages if m.role == "assistant"]
    said = [words for c in conversations for m in c.messages if m.role == "user" if (words := _said(m))]
    return Statistics(
        scenarios=len(conversations),
        by_split=_counted(c.split for c in conversations),
        by_category=_counted(c.category for c in conversations),
        player_messages=len(said),
        replies=len(replies),
        replies_without_call=sum(not reply.expected_calls for reply in replies),
        calls=sum(len(reply.expected_calls) for reply in replies),
        by_tool=_tool_uses(conversations, tools),
        reply_characters=spread([reply.content for reply in replies]),
        player_characters=spread(said),
    )


def spread(texts: Sequence[str]) -> Spread | None:
    """The spread of the texts' lengths; None without any."""
    lengths = sorted(map(len, texts))
    if not lengths:
        return None
    last = len(lengths) - 1
    p95 = lengths[math.ceil(0.95 * len(lengths)) - 1]
    return Spread(median=lengths[last // 2], p95=p95, longest=lengths[-1])


def _said(message: Message) -> str:
    """What the player says: results and the beginning of a scene come on the user's side too."""
    words = _RESULTS.sub("", message.content)
    return "" if words == OPENING else words


def _tool_uses(conversations: Sequence[Conversation], tools: Iterable[str]) -> dict[str, ToolUse]:
    calls, scenarios = Counter[str](), Counter[str]()
    for conversation in conversations:
        used = [call[1:].partition(":")[0] for m in conversation.messages for call in m.expected_calls]
        calls.update(used)
        scenarios.update(set(used))
    return {tool: ToolUse(calls=calls[tool], scenarios=scenarios[tool]) for tool in sorted({*tools, *calls})}


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
