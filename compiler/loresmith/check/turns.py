"""The order of turns: SC206, SC210."""

from __future__ import annotations

from itertools import pairwise

from loresmith.diagnostics.diagnostic import Findings
from loresmith.elaborate.draft import Draft, DraftTurn


def check_turns(draft: Draft, findings: Findings) -> None:
    """Report User turns in a row, a scenario without a DM turn, and a User turn that nobody answers."""
    turns = draft.turns
    if not any(turn.role == "dm" for turn in turns):
        place = turns[-1].head if turns else draft.system.span if draft.system else None
        if place:
            findings.add("SC206", place, "There is no DM turn.", "Add # DM and its answer.")
        return
    for first, second in pairwise(turns):
        if first.role == second.role == "user" and not _stands_before_system(first, draft):
            findings.add("SC206", second.head, "Two User turns in a row.", "Put a DM turn between them.")
    if turns[-1].role == "user":
        findings.add(
            "SC210", turns[-1].head, "The scenario ends with a User turn: nothing is learned from it."
        )


def _stands_before_system(turn: DraftTurn, draft: Draft) -> bool:
    """Whether a turn is reported as misplaced (SC102), so that nothing follows from where it stands."""
    return draft.system is not None and turn.head.line < draft.system.span.line
