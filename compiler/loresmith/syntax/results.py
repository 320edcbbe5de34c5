"""Results: a label and a body, which is a sum or prose."""

from __future__ import annotations

import re
from functools import lru_cache

from lark import Token, Tree
from lark.exceptions import LarkError

from loresmith.ir.numbers import TOLD_DIGITS
from loresmith.syntax.calls import toolcall_parser
from loresmith.syntax.tree import Range, ResultSyntax, SumSyntax, Term

_LABEL = re.compile(r"\s*([^:\n]*?)\s*:")
_TOO_LONG = re.compile(rf"\d{{{TOLD_DIGITS + 1},}}")
_TOTAL_MISSING = re.compile(r"=\s*(?:\*+\s*(?:[^*\d\s][^*]*)?\*+)?\s*$")


def parse_result(text: str, offset: int) -> ResultSyntax:
    """The result whose inside is `text`; ranges count from `offset`."""
    match = _LABEL.match(text)
    if match is None or not match[1]:
        return _malformed(
            text, offset, "The result is empty." if not text.strip() else "The result has no label."
        )
    label_range = Range(offset + match.start(1), offset + match.end(1))
    start = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
    written = text[start:].rstrip()
    body_range = Range(offset + start, offset + start + len(written))
    total = _sum(written, offset + start)
    problem = None if total else _problem(written)
    body = total.canonical if total else " ".join(written.split())
    return ResultSyntax(" ".join(match[1].split()), label_range, body, body_range, total, problem)


def _malformed(text: str, offset: int, problem: str) -> ResultSyntax:
    whole = Range(offset, offset + len(text))
    return ResultSyntax("", whole, " ".join(text.split()), whole, None, problem)


def _problem(body: str) -> str | None:
    """Why a body that isn't a sum isn't prose either."""
    if not body:
        return "The result is empty."
    short = _TOO_LONG.sub("1", body)
    if short != body and (_parses(short, "sum") or _parses(short, "terms")):
        return f"The sum has a number of more than {TOLD_DIGITS} digits."
    if _parses(body, "terms"):
        return "The sum has no total."
    match = _TOTAL_MISSING.search(body)
    if match and _parses(body[: match.start()], "terms"):
        return "The sum's total isn't a number." if "*" in match[0] else "The sum has no total."
    return None


def _parses(body: str, start: str) -> bool:
    try:
        toolcall_parser().parse(body, start=start)
    except LarkError:
        return False
    return True


def _sum(body: str, offset: int) -> SumSyntax | None:
    total = _parsed_sum(body)
    if total is None:
        return None
    return total.moved(offset)


@lru_cache(maxsize=4096)
def _parsed_sum(body: str) -> SumSyntax | None:
    """The sum that `body` is, its ranges counted from 0: a corpus has the same small sums over and over."""
    try:
        tree = toolcall_parser().parse(body, start="sum")
    except LarkError:
        return None
    parts = {str(child.data): child for child in tree.children if isinstance(child, Tree)}
    terms, signs = _terms(parts["terms"])
    total = _token(parts["total"])
    number = int(re.sub(r"[*\s]", "", total))
    against = _tokens(parts["against"]) if "against" in parts else None
    outcome = _token(parts["outcome"]) if "outcome" in parts else None
    canonical = " ".join(
        [*_canonical_terms(terms, signs), "=", f"*{number}*"]
        + ([f"vs {against[0].upper()} {against[1]}"] if against else [])
        + ([str(outcome)] if outcome else [])
    )
    return SumSyntax(
        terms,
        number,
        _range(total),
        int(against[1]) if against else None,
        outcome.strip("*").lower() if outcome else None,
        _range(outcome) if outcome else None,
        canonical,
    )


def _terms(tree: Tree[Token]) -> tuple[tuple[Term, ...], list[str]]:
    terms, signs = list[Term](), ["+"]
    for child in tree.children:
        assert isinstance(child, Tree)
        if child.data == "sign":
            signs.append(str(_token(child)))
        else:
            terms.append(_term(child, signs[-1]))
    return tuple(terms), signs


def _term(tree: Tree[Token], sign: str) -> Term:
    what, source = tree.children
    dice = _rolled(what) if isinstance(what, Tree) else None
    value = _rolled_value(dice) if dice else int(str(what))
    place = Range(tree.meta.start_pos, tree.meta.end_pos)
    text = str(source)[1:-1].strip() if isinstance(source, Token) else None
    return Term(1 if sign == "+" else -1, value, text, dice, place)


def _rolled(tree: Tree[Token]) -> tuple[int, int, str, tuple[int, ...]]:
    roll, *values = _tokens(tree)
    match = re.fullmatch(r"(\d+)d(\d+)(kh1|kl1)?", roll.lower())
    assert match is not None
    return int(match[1]), int(match[2]), match[3] or "", tuple(int(v) for v in values)


def _rolled_value(dice: tuple[int, int, str, tuple[int, ...]]) -> int:
    """What rolled dice count: their sum, or the one that is kept (`2d20kh1[14, 9]` counts 14)."""
    values = dice[3]
    return {"kh1": max, "kl1": min}.get(dice[2], sum)(values)


def _canonical_terms(terms: tuple[Term, ...], signs: list[str]) -> list[str]:
    words = list[str]()
    for index, term in enumerate(terms):
        words += [signs[index]] if index else []
        text = str(term.value)
        if term.dice:
            count, sides, keep, values = term.dice
            text = f"{count}d{sides}{keep}[{', '.join(map(str, values))}]"
        words.append(text + (f"({term.source})" if term.source is not None else ""))
    return words


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]


def _token(tree: Tree[Token]) -> Token:
    return _tokens(tree)[0]


def _range(token: Token) -> Range:
    assert token.start_pos is not None
    return Range(token.start_pos, token.start_pos + len(token))
