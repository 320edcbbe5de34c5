"""What the engine is asked, and how it refuses."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from loresmith.diagnostics.span import Span
from loresmith.engine.state import Being, GameState
from loresmith.ir.scenario import Call, Node, Result
from loresmith.ir.tools import Tool
from loresmith.ir.vocabulary import Vocabulary

RefusalKind = Literal[
    "malformed", "unknown tool", "wrong arguments", "stranger", "not carried", "not enough", "not so"
]
"""`not so`: the call supposes what isn't: a condition that nobody has, a member who isn't in the party."""

NOWHERE = Span(line=1, column=1, end_line=1, end_column=1)
"""The span of what stands in no file."""


class Refusal(Node):
    """Why a call wasn't carried out; `call` is the call as written, `tool` the name it was made under."""

    kind: RefusalKind
    call: str
    tool: str
    reason: str

    @property
    def result(self) -> Result:
        """What the model is told in place of a result."""
        return Result(label=self.tool, body=self.reason, span=NOWHERE)


class Refused(Exception):
    """Raised where a call is carried out, for the engine to make a Refusal of."""

    def __init__(self, kind: RefusalKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: RefusalKind = kind
        self.reason = reason


@dataclass(frozen=True)
class Rules:
    """What holds for every call of a game. `difficulty` is the DC or AC that checks are held against, if any."""

    vocabulary: Vocabulary
    difficulty: int | None = None


@dataclass(frozen=True)
class Request:
    """A sound call with its arguments by the names of the tool's parameters."""

    call: Call
    tool: Tool
    values: dict[str, str]
    dice: random.Random
    rules: Rules

    def being(self, state: GameState, parameter: str = "name") -> Being:
        """Whom the call names; the player where it names nobody. Raises Refused for a stranger."""
        name = self.values.get(parameter, "player")
        being = state.named(name)
        if being is None:
            raise Refused("stranger", f"nobody named {name} is here")
        return being


Executor = Callable[[GameState, Request], tuple[GameState, str]]
"""Carries out one tool: gives the new state and the body of the result, or raises Refused."""
