"""The calls of a scenario that no entry of the vocabulary declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loresmith.check.answers import Exchange, link_unknown
from loresmith.check.creatures import Cast
from loresmith.diagnostics.diagnostic import Findings
from loresmith.elaborate.draft import Draft
from loresmith.elaborate.scenario import elaborate
from loresmith.ir.comparison import comparable_label
from loresmith.ir.scenario import Call
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import parse_document
from loresmith.syntax.source import make_source


@dataclass(frozen=True)
class UsedArgument:
    """An argument with what the scenario says of its value: a party member's name, or a creature's."""

    key: str | None
    value: str
    member: bool
    met: bool


@dataclass(frozen=True)
class Use:
    """One call. `answer` is the kind of its result, `labelled` says whether that has the tool's name
    or its first argument as its label, `last` whether the scenario ends with this reply."""

    place: str
    call: Call
    arguments: tuple[UsedArgument, ...]
    members: int
    answer: Literal["sum", "text"] | None
    labelled: bool
    last: bool


def find_uses(path: str, data: bytes, vocabulary: Vocabulary) -> list[Use]:
    """The undeclared calls in a scenario, in order; `path` is shown in their places.

    Raises UnicodeDecodeError for a file that isn't UTF-8.
    """
    findings = Findings(path)
    parsed = parse_document(make_source(path, data.decode("utf-8")), findings)
    draft = elaborate(parsed, vocabulary, findings)
    calls = [call for turn in draft.turns if turn.role == "dm" for call in turn.calls]
    unknown = {id(made) for made in calls if made.call is not None and made.tool is None}
    if not unknown:
        return []
    cast = Cast(draft)
    return [_use(exchange, draft, cast) for exchange in link_unknown(draft, unknown, vocabulary)]


def _use(exchange: Exchange, draft: Draft, cast: Cast) -> Use:
    call = exchange.call.call
    assert call is not None
    span, given = exchange.call.span, exchange.result
    labels = {comparable_label(call.tool), comparable_label(call.arguments[0].value)}
    return Use(
        place=f"{draft.source.path}:{span.line}:{span.column}",
        call=call,
        arguments=tuple(_argument(a.name, a.value, exchange.turn, cast) for a in call.arguments),
        members=draft.member_count,
        answer=None if given is None else "sum" if given.syntax.sum else "text",
        labelled=given is None or comparable_label(given.syntax.label) in labels,
        last=exchange.turn == len(draft.turns) - 1,
    )


def _argument(key: str | None, value: str, turn: int, cast: Cast) -> UsedArgument:
    member = value.casefold() == "player" or cast.meant_by(value) in cast.members
    return UsedArgument(key.lower() if key else None, value, member, cast.is_met(value, turn))
