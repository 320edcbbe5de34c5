"""A played game as a scenario file in canonical form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loresmith.elaborate.front_matter import names_of_path, split_of
from loresmith.format.scenario import write_scenario
from loresmith.ir.scenario import DmTurn, Result, Scenario, Text, Turn, UserTurn
from loresmith.ir.vocabulary import Vocabulary

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADING = re.compile(r"^#+\s*")
_RULE = re.compile(r"(?:[-*_]\s*){3,}")


def scenario_text(played: Scenario, path: str, vocabulary: Vocabulary) -> str:
    """The canonical text of a game as the scenario file `path`, which names it; its category stays.

    Narration loses the marks that would open something where it stands.
    """
    name, _ = names_of_path(path)
    told = tuple(_as_file_has_it(turn) for turn in played.turns)
    update = {"path": path, "id": name, "split": split_of(name), "tags": (), "weight": 1.0, "turns": told}
    return write_scenario(played.model_copy(update=update), vocabulary)


def turn_text(turn: Turn) -> str:
    """What stands below a turn's heading; empty where nothing was said."""
    if isinstance(turn, UserTurn):
        return plain(turn.text).strip()
    text = re.sub(r"[ \t]+\n", "\n", "".join(_pieces(turn)))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _as_file_has_it(turn: Turn) -> Turn:
    text = turn_text(turn) or "…"
    if isinstance(turn, UserTurn):
        return UserTurn(text=text, span=turn.span)
    return DmTurn(parts=(Text(text=text, span=turn.span),), span=turn.span)


def plain(text: str) -> str:
    """A text in which nothing opens a section, a call, a result, code or a comment."""
    lines = (_plain_line(line) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _pieces(turn: DmTurn) -> Iterator[str]:
    """The parts of a reply, calls apart from the words around them and results in paragraphs of their own."""
    for part in turn.parts:
        if isinstance(part, Text):
            yield plain(part.text)
        else:
            yield f"\n\n{part.text}\n\n" if isinstance(part, Result) else f" {part.text} "


def _plain_line(line: str) -> str:
    words = " ".join(_CONTROL.sub(" ", line).split())
    words = re.sub(r"[<>\\]", "", words.replace("`", "'"))
    words = _HEADING.sub("", words.strip())
    words = words.replace("**", "") if words.startswith("**") else words
    return "" if _RULE.fullmatch(words) else words.replace("[", "\\[")
