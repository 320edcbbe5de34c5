"""A played game as a scenario file in canonical form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from loresmith.diagnostics.failure import Rejected
from loresmith.format.scenario import written_system
from loresmith.format.source import format_text
from loresmith.ir.scenario import Call, DmTurn, Result, Scenario, Text, Turn, UserTurn
from loresmith.ir.vocabulary import Vocabulary

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADING = re.compile(r"^#+\s*")
_FENCE = re.compile(r"~{3,}")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_LINKED = re.compile(r"\A:|\A(?=\()")
"""What would make the call before it a link, or a link's definition."""
_RULE = re.compile(r"(?:[-*_]\s*){3,}")


def scenario_text(played: Scenario, path: str, vocabulary: Vocabulary) -> str:
    """The canonical text of a game as the scenario file `path`, which names it; its category stays.

    Narration loses the marks that would open something where it stands. Raises Rejected where the scene itself, as
    its file wrote it, can't be put into canonical form.
    """
    front = ["---", f"category: {json.dumps(played.category, ensure_ascii=False)}", "---"]
    blocks = ["\n".join(front), written_system(played.system, vocabulary)]
    for turn in played.turns:
        blocks += ["# User" if isinstance(turn, UserTurn) else "# DM", turn_text(turn) or "…"]
    formatted = format_text(path, "\n\n".join(blocks) + "\n", vocabulary)
    if formatted.text is None:
        why = formatted.findings[0].message if formatted.findings else "its fields read as something else"
        raise Rejected(f"The game can't be saved: {why}", where=played.path)
    return formatted.text


def turn_text(turn: Turn) -> str:
    """What stands below a turn's heading; empty where nothing was said."""
    if isinstance(turn, UserTurn):
        return plain(turn.text).strip()
    text = re.sub(r" *\n *", "\n", re.sub(r"[ \t]{2,}", " ", "".join(_pieces(turn))))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def plain(text: str) -> str:
    """A text in which nothing opens a section, a call, a result, code or a comment."""
    lines = (_plain_line(line) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _pieces(turn: DmTurn) -> Iterator[str]:
    """The parts of a reply: results in paragraphs of their own, a space where a call was left out between words, and no
    words that would make a call a link."""
    before = None
    for part in turn.parts:
        if isinstance(part, Text):
            text = _LINKED.sub(" ", part.text) if isinstance(before, Call) else part.text
            yield " " * isinstance(before, Text) + _with_edges(text)
        else:
            yield f"\n\n{part.text}\n\n" if isinstance(part, Result) else part.text
        before = part


def _with_edges(text: str) -> str:
    """The plain text with the spaces that it had to what stands around it."""
    return " " * text[:1].isspace() + plain(text) + " " * text[-1:].isspace()


def _plain_line(line: str) -> str:
    words = " ".join(_CONTROL.sub(" ", _TAG.sub("", line)).split())
    words = re.sub(r"[<>\\]", "", words.replace("`", "'")).strip()
    while (bare := _unmarked(words)) != words:
        words = bare
    return "" if _RULE.fullmatch(words) else words.replace("[", "\\[")


def _unmarked(words: str) -> str:
    """The words without fences and the marks that they begin with; more may come to the front then."""
    words = _FENCE.sub("", _HEADING.sub("", words))
    return (words.replace("**", "") if words.startswith("**") else words).strip()
