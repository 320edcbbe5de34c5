"""Calls, each by itself: the first that fits of SC306 (place), SC303 (form), SC301 (name), SC302."""

from __future__ import annotations

import re

from loresmith.diagnostics.diagnostic import Findings, Fix
from loresmith.elaborate.draft import Draft, MadeCall
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.calls import canonical_call

_MISSPELT = re.compile(r"\[\s*(\w+)(?:\s*:\s*|\s+)([^:\]]+?)\s*\]", re.ASCII)


def check_calls(draft: Draft, vocabulary: Vocabulary, findings: Findings) -> set[int]:
    """Report every call that isn't right in itself; gives their identities: nothing follows from them."""
    broken = set[int]()
    for call in draft.system.calls if draft.system else ():
        _report_place(call, findings)
    for turn in draft.turns:
        for call in turn.calls:
            if turn.role == "user":
                _report_place(call, findings)
            elif not _is_sound(call, draft, vocabulary, findings):
                broken.add(id(call))
    return broken


def _report_place(call: MadeCall, findings: Findings) -> None:
    hint = r"Only the DM calls tools; write \[ for a literal bracket."
    findings.add("SC306", call.span, "A tool call outside a DM turn.", hint)


def _respelled(made: MadeCall, member_count: int, vocabulary: Vocabulary) -> Fix | None:
    """The call with its colon where it belongs, if that makes it a valid one."""
    match = _MISSPELT.fullmatch(made.text)
    call = canonical_call(f"[{match[1]}: {match[2]}]", vocabulary) if match else None
    if call is None or vocabulary.problem(call, member_count):
        return None
    return Fix(**made.span._asdict(), text=call.text)


def _is_sound(made: MadeCall, draft: Draft, vocabulary: Vocabulary, findings: Findings) -> bool:
    if made.call is None:
        fix = _respelled(made, draft.member_count, vocabulary)
        findings.add("SC303", made.span, made.problem or "The call isn't well formed.", made.hint, fix)
        return False
    problem = vocabulary.problem(made.call, draft.member_count)
    if problem is None:
        return True
    if problem.kind == "tool":
        start = made.span.column + 1
        span = made.span._replace(column=start, end_column=start + len(made.name))
        findings.add("SC301", span, f"There is no tool {made.name!r}.", problem.hint)
        return False
    span = made.span if problem.argument is None else made.call.arguments[problem.argument].span
    findings.add("SC302", span, problem.reason, problem.hint)
    return False
