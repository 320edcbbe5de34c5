"""The IR of a scenario: what the author meant, freed of how it was written, with spans into the source."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from loresmith.diagnostics.span import Span
from loresmith.ir.comparison import comparable_label

Split = Literal["train", "eval", "test"]
DERIVED_ID = re.compile(r"(.+)~[0-9]+", re.DOTALL)
"""The id of a scenario that was derived for training: its parent's and a number. No written one has such an id."""


class Node(BaseModel):
    """Base of every IR node: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Argument(Node):
    """One argument of a call: `perception`, `-1`, `name=Lyra`."""

    name: str | None = None
    value: str
    span: Span


class Text(Node):
    """Narration between calls and results, Markdown as written, escapes kept."""

    kind: Literal["text"] = "text"
    text: str
    span: Span


class Call(Node):
    """A tool call under its canonical tool name, arguments in canonical order."""

    kind: Literal["call"] = "call"
    tool: str
    arguments: tuple[Argument, ...]
    span: Span

    @property
    def text(self) -> str:
        """The call in canonical form, as the app's pattern finds it: `[health: Lyra, -1]`."""
        values = (f"{a.name}={a.value}" if a.name else a.value for a in self.arguments)
        return f"[{self.tool}: {', '.join(values)}]"

    def is_named(self, label: str) -> bool:
        """Whether a result's label is the call's tool or its first argument, in whatever case."""
        names = (self.tool, *(argument.value for argument in self.arguments[:1]))
        return comparable_label(label) in map(comparable_label, names)


class Result(Node):
    """A tool's answer; `total` is set where the body is a sum."""

    kind: Literal["result"] = "result"
    label: str
    body: str
    total: int | None = None
    span: Span

    @property
    def text(self) -> str:
        """The result in canonical form: `<TOOLCALL>health: 24 - 1 = *23*</TOOLCALL>`."""
        return f"<TOOLCALL>{self.label}: {self.body}</TOOLCALL>"


Part = Annotated[Text | Call | Result, Field(discriminator="kind")]


class UserTurn(Node):
    """What the player says."""

    role: Literal["user"] = "user"
    text: str
    span: Span


class DmTurn(Node):
    """One DM reply: narration, calls and the results that came back, in the order of the source."""

    role: Literal["dm"] = "dm"
    parts: tuple[Part, ...]
    span: Span


Turn = Annotated[UserTurn | DmTurn, Field(discriminator="role")]


class Detail(Node):
    """A named value of a member or of the system part, kept as written."""

    name: str
    value: str
    span: Span


class Member(Node):
    """A party member. `details` holds every further key (skills, spells, gold, …) in source order."""

    name: str
    player: bool
    race: str | None = None
    character_class: str
    level: int
    health: int
    max_health: int
    experience: int | None = None
    inventory: tuple[str, ...] = ()
    details: tuple[Detail, ...] = ()
    span: Span


class System(Node):
    """The SYSTEM part. `fields` holds unknown fields, shown to the model as written."""

    role: str
    world: str | None = None
    location: str | None = None
    party: tuple[Member, ...]
    fields: tuple[Detail, ...] = ()
    span: Span


class Scenario(Node):
    """One scenario, whole."""

    path: str
    id: str
    category: str
    tags: tuple[str, ...] = ()
    split: Split
    weight: float = 1.0
    system: System
    turns: tuple[Turn, ...]
