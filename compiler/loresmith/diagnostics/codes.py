"""Every diagnostic code, once: its severity and its title."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Code:
    """What a code means; published codes never change their meaning."""

    severity: Severity
    title: str


CODES: dict[str, Code] = {
    "SC101": Code("error", "not a text file"),
    "SC102": Code("error", "text or a turn before the sections it belongs to"),
    "SC103": Code("error", "left open"),
    "SC104": Code("error", "malformed result"),
    "SC105": Code("error", "invalid front matter"),
    "SC201": Code("error", "not exactly one SYSTEM section"),
    "SC202": Code("error", "SYSTEM lacks a required field"),
    "SC203": Code("warning", "SYSTEM lacks an expected field"),
    "SC204": Code("warning", "unknown SYSTEM field"),
    "SC205": Code("error", "a party member's field is missing or invalid"),
    "SC206": Code("error", "turns don't alternate"),
    "SC207": Code("error", "empty turn"),
    "SC208": Code("error", "the party has no members, or two of one name"),
    "SC209": Code("warning", "a speaker that looks like a misspelt keyword"),
    "SC210": Code("warning", "ends with a User turn"),
    "SC211": Code("warning", "heading above the turn level"),
    "SC301": Code("error", "unknown tool"),
    "SC302": Code("error", "wrong argument"),
    "SC303": Code("error", "malformed call"),
    "SC304": Code("error", "call without its result"),
    "SC305": Code("error", "result without its call"),
    "SC306": Code("error", "call outside a DM turn"),
    "SC401": Code("warning", "wrong sum"),
    "SC402": Code("warning", "impossible die"),
    "SC403": Code("warning", "skill differs from the one stated"),
    "SC404": Code("warning", "health contradicts the ledger"),
    "SC405": Code("warning", "item nobody carries"),
    "SC406": Code("warning", "outcome contradicts the total"),
    "SC407": Code("warning", "prose where a sum belongs"),
    "SC408": Code("warning", "result contradicts its call"),
    "SC501": Code("warning", "near-duplicate scenario"),
    "SC502": Code("error", "the same scenario in train and in eval or test"),
    "SC503": Code("warning", "under-represented category or tool"),
    "SC504": Code("error", "longer than the context"),
    "SC505": Code("warning", "reply longer than the limit"),
    "SC506": Code("error", "two scenarios with one id"),
}
