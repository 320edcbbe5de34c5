"""What an answer is judged by: each metric says of one answer yes, no, or that it doesn't apply."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from loresmith.syntax.calls import APP_PATTERN
from loresmith.validate.judgement import Judgement

RUN = 8
"""So many words in a row that were said before are a repetition: by chance that doesn't happen."""
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_BETWEEN = r"(?<=[^\W_])[,;]?[\"”»]?(?:[ \t][ \t(*_–—-]*|\n(?=[^\W\d_]))"
"""What stands between two words of a sentence."""
_NAME = re.compile(
    rf"{_BETWEEN}(?P<inside>[^\W\d_]{{3,}})|^\W*(?P<speaker>[^\W\d_]{{3,}})(?=:[*_]*\s*[*_]*[\"“«„])",
    re.MULTILINE,
)
"""A word in the middle of a sentence, or who says something, at the beginning of a line."""
_PART = re.compile(r"[^\W_]+")
"""A word, or what stands before or behind its apostrophe."""
_CALL = re.compile(r"\[\w+:[^\]]*\]?")


@dataclass(frozen=True)
class Metric:
    """One metric; `says` gives None for an answer that it doesn't apply to."""

    key: str
    label: str
    note: str
    says: Callable[[Judgement], bool | None]
    higher_is_better: bool = True


def _where_due(says: Callable[[Judgement], bool]) -> Callable[[Judgement], bool | None]:
    return lambda judged: says(judged) if judged.expected else None


def _parsed(judged: Judgement) -> bool | None:
    return not judged.invalid if judged.found or judged.invalid else None


def _executed(judged: Judgement) -> bool | None:
    return not judged.refused if judged.found and judged.refused is not None else None


def _arguments(judged: Judgement) -> bool | None:
    """Of answers that call the tools of the reference: whether the arguments are the same too."""
    if not judged.expected or not judged.same_tools:
        return None
    return judged.failure is None


def _false_call(judged: Judgement) -> bool | None:
    return None if judged.expected else bool(judged.found)


def shown(answer: str) -> str:
    """What the app shows of an answer: its words without the calls."""
    return " ".join(APP_PATTERN.sub("", answer).split())


def repeats(judged: Judgement) -> bool:
    """Whether an answer says again what it said before, or what a DM message before it said."""
    return says_again(judged.answer, judged.told_before)


def says_again(said: str, before: Sequence[str]) -> bool:
    """Whether a run of RUN words stands in a text twice, or in one of the texts before it."""
    words = _words(said)
    runs = [tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)]
    if len(set(runs)) < len(runs):
        return True
    told = [f" {' '.join(_words(text))} " for text in before]
    return any(f" {' '.join(run)} " in text for run in runs for text in told)


def strange_names(judged: Judgement) -> list[str]:
    """Names in an answer that neither the prompt nor the reference has, sorted."""
    known = {word.lower() for word in _PART.findall(f"{judged.scene} {judged.reference}")}
    found = _NAME.finditer(_CALL.sub(" ", judged.answer))
    named = {match["inside"] or match["speaker"] for match in found}
    return sorted(name for name in named if _is_capitalised(name) and name.lower() not in known)


def _is_capitalised(word: str) -> bool:
    """Whether a word begins with a capital and isn't all in capitals, as abbreviations are."""
    return word[0].isupper() and not word.isupper()


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_CALL.sub(" ", text))]


def metrics_of_tool(tool: str) -> tuple[Metric, ...]:
    """The metrics of the calls of one tool alone, whatever else an answer calls."""

    def expected(judged: Judgement) -> bool:
        return tool in judged.expected_tools

    def right(judged: Judgement) -> bool:
        return tool not in judged.differing

    def as_often(judged: Judgement) -> bool:
        return judged.called.count(tool) == judged.expected_tools.count(tool)

    def parsed(judged: Judgement) -> bool | None:
        unusable = any(objection.tool == tool for objection in judged.invalid)
        return not unusable if unusable or tool in judged.called else None

    says: dict[str, Callable[[Judgement], bool | None]] = {
        "tool_match": lambda j: as_often(j) if expected(j) else None,
        "argument_match": lambda j: right(j) if expected(j) and as_often(j) else None,
        "exact": lambda j: right(j) if expected(j) else None,
        "parsed": parsed,
        "missed_call": lambda j: tool not in j.called if expected(j) else None,
        "false_call": lambda j: None if expected(j) else tool in j.called,
    }
    return tuple(replace(metric, says=says[metric.key]) for metric in METRICS if metric.key in says)


METRICS = (
    Metric("call_found", "has a call by the app's pattern", "where the reference has one",
           _where_due(lambda j: bool(j.found))),
    Metric("call_valid", "has a well-formed call", "found, and valid against the vocabulary",
           _where_due(lambda j: bool(j.valid))),
    Metric("tool_match", "calls the same tools", "any arguments",
           _where_due(lambda j: j.same_tools)),
    Metric("argument_match", "gives the same arguments", "where it calls the same tools", _arguments),
    Metric("exact", "makes exactly the same calls", "tool and arguments, and no other",
           _where_due(lambda j: j.failure is None)),
    Metric("parsed", "has only calls that parse", "of the answers with a call", _parsed),
    Metric("executed", "has only calls that can be carried out", "by the engine, in the true state; of the answers "
           "with a call", _executed),
    Metric("missed_call", "has no call where one belongs", "lower is better",
           _where_due(lambda j: not j.found), higher_is_better=False),
    Metric("false_call", "has a call where none belongs", "lower is better", _false_call,
           higher_is_better=False),
    Metric("ended", "stops by itself", "all replies", lambda j: j.ended),
    Metric("too_long", "is longer than the app shows", "calls aren't shown; lower is better",
           lambda j: len(shown(j.answer)) > j.most_characters, higher_is_better=False),
    Metric("repeats", "repeats itself", f"{RUN} words in a row that were said before; lower is better", repeats,
           higher_is_better=False),
    Metric("strange_name", "names somebody who isn't there", "capitalised words and speakers that neither the prompt "
           "nor the reference has; lower is better", lambda j: bool(strange_names(j)), higher_is_better=False),
)  # fmt: skip
