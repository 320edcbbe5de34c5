"""Made calls, right and wrong, and what the checker thinks of them."""

from __future__ import annotations

import re

from hypothesis import strategies as st
from loresmith.check.file import compile_source
from loresmith.ir.vocabulary import Tool, Vocabulary
from loresmith.syntax.calls import canonical_call, find_calls, slipped_calls

OPENING = re.compile(r"\[\w+:", re.ASCII)
SCENARIO = """\
# SYSTEM

## Role

DM.

## World

W.

## Location

L.

## Party

{party}

# User

I look.

# DM

You look. {text} There.
"""


def checker_accepts(text: str, vocabulary: Vocabulary, members: int) -> bool:
    """Whether everything that the app's pattern finds in a text is a right call, nothing is left open, and no bracket
    is meant for a tool without being a call."""
    if slipped_calls(text, vocabulary.names):
        return False
    last, gaps = 0, list[str]()
    for found in find_calls(text):
        call = canonical_call(found.text, vocabulary)
        if call is None or vocabulary.problem(call, members) is not None:
            return False
        gaps.append(text[last : found.start])
        last = found.end
    return not any(OPENING.search(gap) for gap in [*gaps, text[last:]])


def lint_accepts(text: str, vocabulary: Vocabulary, members: int) -> bool:
    """Whether a scenario whose DM says the text has no finding about its calls."""
    names = ["Lyra", "Borin", "Mira"][:members]
    party = "\n".join(f"- **{name}**: Elf Ranger, level 3\n  - Health: 9/9" for name in names)
    source = SCENARIO.format(party=party, text=text)
    compiled = compile_source("scenarios/combat/made.md", source.encode(), vocabulary)
    return not any(found.code in ("SC301", "SC302", "SC303") for found in compiled.findings)


def values(vocabulary: Vocabulary) -> st.SearchStrategy[str]:
    """Values that some parameter takes, and near misses."""
    choices = {c for t in vocabulary.tools for p in t.parameters for c in p.choices(vocabulary.lists)}
    spelled = st.sampled_from(sorted(choices)).flatmap(_spellings)
    integers = st.integers(-30, 30).flatmap(_signed)
    counts, sides = st.integers(0, 12).map(str), st.integers(0, 20).map(str)
    middle, keep = st.sampled_from(["d", "D", " d", ""]), st.sampled_from(["", "kh1", "KL1", "kh2"])
    change = st.sampled_from(["", "+3", " - 2", "+ 1+1", "+", "+x"])
    dice = st.tuples(counts, middle, sides, keep, change).map("".join)
    odd = ["", " ", '""', '" "', '"', "Lyra", "player", "the [old] inn", "a=b", "x = y", "=x", "é", "+wisdom"]
    odd += [
        "death",
        '"a, b',
        'a"b',
        '"a" b',
        '"a" , b',
        "rope (50 ft)",
        "thieves’ tools",
        "\u00a0x",
        "²",
        "٣",
    ]
    plain = st.one_of(spelled, integers, dice, st.sampled_from(odd), st.text('ab1_=" \t+-«—', max_size=5))
    return st.one_of(plain, plain.map(lambda value: f'"{value}"'))


def _signed(number: int) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{number}", f"{number:+}", f"{number:+04}", f"- {number}"])


def _spellings(choice: str) -> st.SearchStrategy[str]:
    spaced = [choice.replace(" ", "_"), choice.replace(" ", "  "), f"_{choice} _"]
    return st.sampled_from([choice, choice.upper(), *spaced, choice[:-1]])


def calls(vocabulary: Vocabulary) -> st.SearchStrategy[str]:
    """Calls of known tools most of the time, with every way to write and misplace arguments."""
    names = sorted(vocabulary.names)
    name = st.sampled_from([*names, *names, *(n.capitalize() for n in names), *(n[:-1] for n in names)])
    keys = sorted({p.name for t in vocabulary.tools for p in t.parameters})
    named = st.tuples(st.sampled_from([*keys, "Name", "é", "nme"]), st.sampled_from(["=", " = ", "= "]))
    key = st.one_of(st.just(""), st.just(""), named.map("".join))
    argument = st.tuples(key, values(vocabulary)).map("".join)
    comma = st.sampled_from([", ", ",", " , ", ",\t"])
    arguments = comma.flatmap(lambda sign: st.lists(argument, max_size=4).map(sign.join))
    return st.tuples(st.just("["), name, st.just(": "), arguments, st.just("]")).map("".join)


def right_calls(vocabulary: Vocabulary) -> st.SearchStrategy[str]:
    """Calls whose arguments fit their parameters, by place or by name, in any order."""
    return st.sampled_from(vocabulary.tools).flatmap(lambda tool: _right_calls(tool, vocabulary))


def _right_calls(tool: Tool, vocabulary: Vocabulary) -> st.SearchStrategy[str]:
    names = [p.name for p in tool.parameters]
    fitting = (_fitting(p.type, p.choices(vocabulary.lists)) for p in tool.parameters)
    return st.tuples(*fitting).flatmap(lambda given: _arranged(tool.name, names, list(given)))


def _fitting(kind: str, choices: tuple[str, ...]) -> st.SearchStrategy[str]:
    if kind == "choice" and choices:
        return st.sampled_from(choices)
    if kind == "integer":
        return st.integers(-50, 50).map("{:+}".format)
    return st.sampled_from(["Lyra", "player", "a silver key", '"rope, silk"', "5", "2d6", "w=x"])


def _arranged(tool: str, names: list[str], given: list[str]) -> st.SearchStrategy[str]:
    def written(count: int, named: set[int], order: list[int]) -> str:
        placed = [given[i] for i in range(count) if i not in named]
        by_name = [f"{names[i]}={given[i]}" for i in order if i in named and i < count]
        return f"[{tool}: {', '.join([*by_name[:1], *placed, *by_name[1:]])}]"

    indexes = list(range(len(names)))
    return st.builds(
        written, st.integers(1, len(names)), st.sets(st.sampled_from(indexes)), st.permutations(indexes)
    )
