"""Tool calls: their grammar, and where the app finds them in plain text."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import cache, lru_cache

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from loresmith.diagnostics.span import Span
from loresmith.ir.scenario import Argument, Call
from loresmith.ir.vocabulary import Vocabulary
from loresmith.resources import shipped_folder
from loresmith.syntax.tree import ArgumentSyntax, CallSyntax, Range

APP_PATTERN = re.compile(r"\[(\w+):([^\]]+)\]", re.ASCII)
"""How the app that plays the scenarios finds calls: in JavaScript `\\w` is ASCII."""

_BRACKET = re.compile(r"\[\s*(\w+)\b[^\[\]\n]*\]", re.ASCII)
_OPEN = re.compile(r"\[\w+:[^\]]*\Z", re.ASCII)


@dataclass(frozen=True)
class FoundCall:
    """A call that the app finds in a text; `call` is None where its arguments aren't well formed."""

    text: str
    start: int
    end: int
    call: CallSyntax | None


def find_calls(text: str) -> list[FoundCall]:
    """The calls in plain DM text, by the app's pattern."""
    return [
        FoundCall(match[0], match.start(), match.end(), parse_call(match[0]))
        for match in APP_PATTERN.finditer(text)
    ]


def open_call(text: str) -> str | None:
    """The call that a text ends within; None where every call is closed."""
    found = _OPEN.search(text)
    return found[0] if found else None


def slipped_calls(text: str, tools: Container[str]) -> list[str]:
    """The brackets that begin with the name of a tool, in any letter case, but aren't calls to the app:
    `[roll perception]`."""
    brackets = (match for match in _BRACKET.finditer(text) if match[1].lower() in tools)
    return [match[0] for match in brackets if not APP_PATTERN.fullmatch(match[0])]


def canonical_call(text: str, vocabulary: Vocabulary) -> Call | None:
    """The call that `text` is, in canonical form, so that two can be compared by their `text`.

    None when it isn't well formed or its tool is unknown; wrong arguments stay as written.
    Spans count in `text` alone.
    """
    syntax = parse_call(text.strip())
    if syntax is None:
        return None
    whole = Span(line=1, column=1, end_line=1, end_column=len(text.strip()) + 1)
    arguments = tuple(
        Argument(name=a.name, value=a.value, span=_on_one_line(a.range)) for a in syntax.arguments
    )
    return vocabulary.canonical(Call(tool=syntax.tool, arguments=arguments, span=whole))


def parse_call(text: str, offset: int = 0) -> CallSyntax | None:
    """The call that `text` is; ranges count from `offset`. None when it isn't well formed."""
    call = _parsed(text)
    if call is None:
        return None
    return CallSyntax(call.tool, tuple(argument.moved(offset) for argument in call.arguments))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> CallSyntax | None:
    """The call that `text` is, its ranges counted from 0: a corpus has the same few calls over and over."""
    try:
        tree = toolcall_parser().parse(text, start="call")
    except LarkError:
        return None
    name, *arguments = tree.children
    assert isinstance(name, Token)
    return CallSyntax(str(name), tuple(_argument(a) for a in arguments if isinstance(a, Tree)))


@cache
def toolcall_parser() -> Lark:
    """The parser of toolcall.lark; it starts with a `call`, a `sum` or the `terms` of one."""
    grammar = (shipped_folder("grammar") / "toolcall.lark").read_text(encoding="utf-8")
    starts = ["call", "sum", "terms"]
    return Lark(grammar, parser="lalr", start=starts, maybe_placeholders=True, propagate_positions=True)


def _argument(tree: Tree[Token]) -> ArgumentSyntax:
    key, value = tree.children
    assert isinstance(value, Token) and value.start_pos is not None
    text = " ".join(value.split())
    start = key.start_pos if isinstance(key, Token) and key.start_pos is not None else value.start_pos
    name = str(key) if isinstance(key, Token) else None
    span = Range(start, value.start_pos + len(value.rstrip()))
    return ArgumentSyntax(name, _unquoted(text) if value.type == "STRING" else text, span)


def _unquoted(text: str) -> str:
    """A string's inside, unless the canonical form needs its quotes."""
    inside = text[1:-1].strip()
    return text if not inside or re.search(r"[,=]", inside) else inside


def _on_one_line(place: Range) -> Span:
    return Span(line=1, column=place.start + 1, end_line=1, end_column=place.end + 1)
