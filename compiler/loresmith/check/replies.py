"""DM messages against what the app shows: SC505."""

from __future__ import annotations

import re

from loresmith.diagnostics.diagnostic import Findings
from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import Draft, DraftTurn, GivenResult
from loresmith.ir.scenario import Text
from loresmith.syntax.source import Source

_NOTHING = re.compile(r"(?:\s|<!--.*?-->)*", re.S)
MOST_CHARACTERS = 300
"""Where the app cuts the text that it shows, unless a recipe says otherwise."""


def check_replies(draft: Draft, most: int, findings: Findings) -> None:
    """Report every DM message of more than `most` characters; calls don't count, they aren't shown."""
    for turn in draft.turns:
        if turn.role == "dm":
            _check_reply(turn, most, draft.source, findings)


def _check_reply(turn: DraftTurn, most: int, source: Source, findings: Findings) -> None:
    """A message runs up to the next result, at which the app takes over."""
    message = list[Text]()
    for part in (*turn.parts, None):
        if isinstance(part, Text):
            message.append(part)
        elif isinstance(part, GivenResult) or part is None:
            _check_message(message, most, source, findings)
            message = []


def _check_message(message: list[Text], most: int, source: Source, findings: Findings) -> None:
    shown = "".join(text.text for text in message)
    if len(shown) > most and len(shown := " ".join(shown.split())) > most:
        said = [text for text in message if text.text.strip()]
        span = _first_word(said[0].span, source).up_to(said[-1].span)
        text = f"This message shows {len(shown)} characters; the app cuts it at {most}."
        findings.add("SC505", span, text, "Say it shorter, or let a call and its result come in between.")


def _first_word(span: Span, source: Source) -> Span:
    """The span without the white space and comments that it begins with: those behind a result are on its line."""
    start = source.starts[span.line - 1] + span.column - 1
    end = source.starts[span.end_line - 1] + span.end_column - 1
    skipped = _NOTHING.match(source.text, start, end)
    return source.span(skipped.end() if skipped else start, end)
