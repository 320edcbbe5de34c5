"""Checks over all scenarios together: SC501, SC502, SC503, SC506."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from loresmith.check.likeness import near_pairs
from loresmith.check.outline import Outline
from loresmith.check.silenced import covers
from loresmith.diagnostics.diagnostic import Diagnostic, finding
from loresmith.diagnostics.span import Span

SMALLEST_CORPUS = 20
"""Training scenarios below which nothing can be said about their balance."""
LEAST_CATEGORY = 0.25
"""The part of an even share of the training scenarios below which a category is far under-represented."""
LEAST_TOOL = 0.02
"""The part of the training scenarios below which a tool that some scenario calls is far under-represented."""
_START = Span(line=1, column=1, end_line=1, end_column=1)


def check_corpus(scenarios: Sequence[Outline]) -> list[Diagnostic]:
    """The findings that no file has by itself, by path; those that a file's first line silences aren't among them."""
    ordered = sorted(scenarios, key=lambda one: one.path)
    found = [*_same_ids(ordered), *_alike(ordered), *_rare(ordered)]
    silenced = {scenario.path: scenario.silenced for scenario in ordered}
    return sorted((f for f in found if not covers(silenced[f.path], f.code)), key=lambda one: one.place)


def _same_ids(scenarios: Sequence[Outline]) -> Iterator[Diagnostic]:
    first: dict[str, Outline] = {}
    for scenario in scenarios:
        other = first.setdefault(scenario.id, scenario)
        if other is not scenario:
            message = f"The id {scenario.id!r} belongs to {other.path} too."
            yield finding(scenario.path, "SC506", _START, message, "Give it an id of its own.")


def _alike(scenarios: Sequence[Outline]) -> Iterator[Diagnostic]:
    """SC502 where one of two is trained on and the other isn't, at the other; else SC501, at the second.

    One of each at most for a scenario, with the first that it is like.
    """
    trained = [scenario.split == "train" for scenario in scenarios]
    found = set[tuple[str, str]]()
    for first, second in near_pairs([scenario.signature for scenario in scenarios], trained):
        one, other = scenarios[first], scenarios[second]
        if trained[first] != trained[second]:
            made = _leak(one, other) if trained[first] else _leak(other, one)
        else:
            message = f"Nearly the same as {one.path}."
            made = finding(other.path, "SC501", _START, message, "Keep one of them.")
        if (made.path, made.code) not in found:
            found.add((made.path, made.code))
            yield made


def _leak(trained: Outline, held_out: Outline) -> Diagnostic:
    message = f"Nearly the same as {trained.path}, which is trained on; this one is for {held_out.split}."
    hint = "Put both into one split in their front matter, or remove one."
    return finding(held_out.path, "SC502", _START, message, hint)


def _rare(scenarios: Sequence[Outline]) -> Iterator[Diagnostic]:
    """SC503, each at the first scenario of the category or with the tool."""
    trained = [scenario for scenario in scenarios if scenario.split == "train"]
    if len(trained) < SMALLEST_CORPUS:
        return
    categories = Counter(scenario.category for scenario in trained)
    known = sorted({scenario.category for scenario in scenarios})
    least = LEAST_CATEGORY * len(trained) / len(known)
    for category in known:
        if categories[category] < least:
            place = _first(s for s in scenarios if s.category == category)
            yield _rarity(place, f"the category {category!r}", categories[category], len(trained))
    tools = Counter(tool for scenario in trained for tool in scenario.tools)
    for tool in sorted({tool for scenario in scenarios for tool in scenario.tools}):
        if tools[tool] < LEAST_TOOL * len(trained):
            place = _first(s for s in scenarios if tool in s.tools)
            yield _rarity(place, f"the tool `{tool}`", tools[tool], len(trained))


def _first(scenarios: Iterable[Outline]) -> str:
    return next(iter(scenarios)).path


def _rarity(path: str, what: str, count: int, total: int) -> Diagnostic:
    message = f"Only {count} of {total} training scenarios have {what}: the model will hardly learn it."
    return finding(path, "SC503", _START, message, "Write more of them.")
