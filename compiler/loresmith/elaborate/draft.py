"""A scenario on its way to the IR: whatever could be made of the file, for the checks to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from loresmith.diagnostics.span import Span
from loresmith.ir.scenario import (
    Call,
    Detail,
    DmTurn,
    Member,
    Part,
    Result,
    Scenario,
    Split,
    System,
    Text,
    Turn,
    UserTurn,
)
from loresmith.ir.tools import Tool
from loresmith.syntax.source import Source
from loresmith.syntax.tree import ResultSyntax

Place = Literal["dm", "user", "system"]


@dataclass(frozen=True)
class FrontMatter:
    """What the front matter says, with what follows from the path where it says nothing."""

    id: str
    category: str
    tags: tuple[str, ...]
    split: Split
    weight: float


class MadeCall(NamedTuple):
    """A call in the text: canonical in `call` where its tool is known, None where it is malformed.

    `first` is its first argument as written.
    """

    name: str
    span: Span
    text: str
    call: Call | None
    tool: Tool | None
    first: str = ""
    problem: str | None = None
    hint: str | None = None


class GivenResult(NamedTuple):
    """A result in the text; a malformed one has its `syntax.problem`, one without its two tags isn't closed."""

    result: Result
    syntax: ResultSyntax
    closed: bool = True

    @property
    def sound(self) -> bool:
        """Whether it can be read at all."""
        return self.closed and self.syntax.problem is None


DraftPart = Text | MadeCall | GivenResult


class DraftTurn(NamedTuple):
    """A User turn or a DM reply; `head` is the span of the heading that opens it."""

    role: Literal["user", "dm"]
    head: Span
    span: Span
    parts: tuple[DraftPart, ...]

    @property
    def calls(self) -> list[MadeCall]:
        """The calls of the turn, in order."""
        return [part for part in self.parts if isinstance(part, MadeCall)]


@dataclass(frozen=True)
class DraftSystem:
    """The SYSTEM part; `names` are all members that the text names, sound or not."""

    span: Span
    role: str | None
    world: str | None
    location: str | None
    fields: tuple[Detail, ...]
    members: tuple[Member, ...]
    names: tuple[str, ...]
    player: str | None
    calls: tuple[MadeCall, ...]


@dataclass(frozen=True)
class Draft:
    """A whole file, elaborated."""

    source: Source
    front: FrontMatter
    system: DraftSystem | None
    turns: tuple[DraftTurn, ...]

    @property
    def member_count(self) -> int:
        """How many members the party has; a broken party counts as one, so that nothing follows from it."""
        return len(self.system.names) if self.system and self.system.names else 1

    def scenario(self) -> Scenario | None:
        """The IR, or None where a part that it can't do without is missing."""
        system = self.system
        if system is None or system.role is None or not system.members or not self.turns:
            return None
        return Scenario(
            path=self.source.path,
            id=self.front.id,
            category=self.front.category,
            tags=self.front.tags,
            split=self.front.split,
            weight=self.front.weight,
            system=System(
                role=system.role,
                world=system.world,
                location=system.location,
                party=system.members,
                fields=system.fields,
                span=system.span,
            ),
            turns=tuple(map(_turn, self.turns)),
        )


def _turn(turn: DraftTurn) -> Turn:
    parts = [part for drafted in turn.parts if (part := _part(drafted))]
    if turn.role == "dm":
        return DmTurn(parts=tuple(_with_texts_joined(parts)), span=turn.span)
    return UserTurn(text="".join(part.text for part in parts).strip(), span=turn.span)


def _with_texts_joined(parts: list[Part]) -> list[Part]:
    """The parts with neighbouring texts made one: it doesn't matter in how many sections they were written."""
    joined = list[Part]()
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Text) and isinstance(last, Text):
            joined[-1] = Text(text=last.text + part.text, span=last.span.up_to(part.span))
        else:
            joined.append(part)
    return joined


def _part(part: DraftPart) -> Part | None:
    if isinstance(part, Text):
        return part
    if isinstance(part, GivenResult):
        return part.result
    return part.call or Text(text=part.text, span=part.span)
