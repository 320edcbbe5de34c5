"""DM messages against what the app shows: SC505."""

from __future__ import annotations

from loresmith.diagnostics.diagnostic import Findings
from loresmith.elaborate.draft import Draft, DraftTurn, GivenResult
from loresmith.ir.scenario import Text

MOST_CHARACTERS = 300
"""Where the app cuts the text that it shows."""


def check_replies(draft: Draft, findings: Findings) -> None:
    """Report every DM message that is longer than the app shows; calls don't count, they aren't shown."""
    for turn in draft.turns:
        if turn.role == "dm":
            _check_reply(turn, findings)


def _check_reply(turn: DraftTurn, findings: Findings) -> None:
    """A message runs up to the next result, at which the app takes over."""
    message = list[Text]()
    for part in (*turn.parts, None):
        if isinstance(part, Text):
            message.append(part)
        elif isinstance(part, GivenResult) or part is None:
            _check_message(message, findings)
            message = []


def _check_message(message: list[Text], findings: Findings) -> None:
    shown = "".join(text.text for text in message)
    if len(shown) > MOST_CHARACTERS and len(shown := " ".join(shown.split())) > MOST_CHARACTERS:
        said = [text for text in message if text.text.strip()]
        span = said[0].span.up_to(said[-1].span)
        text = f"This message shows {len(shown)} characters; the app cuts it at {MOST_CHARACTERS}."
        findings.add("SC505", span, text, "Say it shorter, or let a call and its result come in between.")
