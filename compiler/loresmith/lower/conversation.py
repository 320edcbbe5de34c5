"""A scenario as the messages that the model sees and says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

from loresmith.ir.scenario import DmTurn, Result, Scenario, UserTurn
from loresmith.ir.vocabulary import Vocabulary
from loresmith.lower.system_text import system_text

OPENING = "(The scene opens.)"
"""The user's side of a scene that the DM opens: chat templates demand that a user speaks first."""

_ESCAPED_BRACKET = re.compile(r"\\\[(?!\w+:[^\]]+\])")


class Message(BaseModel):
    """One message. `expected_calls` are the calls that a DM message makes, in canonical form."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str
    expected_calls: tuple[str, ...] = ()


class Conversation(BaseModel):
    """One scenario, lowered: the system message, then user and assistant in strict alternation."""

    model_config = ConfigDict(frozen=True)

    id: str
    path: str
    category: str
    split: Literal["train", "eval", "test"]
    weight: float
    party: tuple[str, ...]
    """The members' names, the player character's first."""
    messages: tuple[Message, ...]


def lower_scenario(scenario: Scenario, vocabulary: Vocabulary) -> Conversation:
    """The conversation of a scenario.

    A DM message runs up to the first result that follows it; results come back on the user's side, and
    those that directly precede the player's words join them.
    """
    pieces = [piece for turn in scenario.turns for piece in _pieces(turn)]
    if not pieces or pieces[0].role != "user":
        pieces.insert(0, Message(role="user", content=OPENING))
    system = Message(role="system", content=system_text(scenario.system, vocabulary))
    return Conversation(
        id=scenario.id,
        path=scenario.path,
        category=scenario.category,
        split=scenario.split,
        weight=scenario.weight,
        party=tuple(m.name for m in sorted(scenario.system.party, key=lambda member: not member.player)),
        messages=(system, *_joined(pieces)),
    )


def _pieces(turn: UserTurn | DmTurn) -> Iterator[Message]:
    """The turn's messages before neighbours of one role are joined."""
    if isinstance(turn, UserTurn):
        yield Message(role="user", content=_shown(turn.text))
        return
    text, calls = "", list[str]()
    for part in turn.parts:
        if isinstance(part, Result):
            if text.strip():
                yield Message(role="assistant", content=_shown(text), expected_calls=tuple(calls))
            text, calls = "", []
            yield Message(role="user", content=part.text)
        else:
            text += part.text
            calls += [part.text] if part.kind == "call" else []
    if text.strip():
        yield Message(role="assistant", content=_shown(text), expected_calls=tuple(calls))


def _joined(pieces: list[Message]) -> Iterator[Message]:
    """Neighbouring messages of one role become one, so that roles alternate."""
    current: Message | None = None
    for piece in pieces:
        if current is None or piece.role != current.role:
            if current:
                yield current
            current = piece
        else:
            current = Message(
                role=current.role,
                content=f"{current.content}\n\n{piece.content}",
                expected_calls=current.expected_calls + piece.expected_calls,
            )
    if current:
        yield current


def _shown(text: str) -> str:
    """Text as it is shown: a literal bracket loses its backslash unless it would read as a call."""
    return _ESCAPED_BRACKET.sub("[", re.sub(r"\n{3,}", "\n\n", text)).strip()
