"""The syntax tree: what stands where. Positions are offsets into `Source.text`."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Range(NamedTuple):
    """The characters from `start` up to `end`."""

    start: int
    end: int

    def moved(self, offset: int) -> Range:
        """The range of the same length `offset` characters further on."""
        return Range(self.start + offset, self.end + offset)


class Head(NamedTuple):
    """What opens a section: the whole heading, tag or label, and the words in it."""

    title: str
    key: str | None
    range: Range
    level: int


class Field(NamedTuple):
    """A field of SYSTEM; `body` has no blank ends and may be empty."""

    head: Head
    body: Range


class SystemSection(NamedTuple):
    """The SYSTEM section; `intro` is its text above the first field."""

    head: Head
    intro: Range
    fields: tuple[Field, ...]


class TurnSection(NamedTuple):
    """A turn: `head.key` is `user` or `dm`, or None where the title is a speaker's name."""

    head: Head
    body: Range


class ResultSection(NamedTuple):
    """A result as a section of its own."""

    head: Head
    body: Range


class IgnoredSection(NamedTuple):
    """A heading above the turn level, after the turns have begun."""

    head: Head


Section = SystemSection | TurnSection | ResultSection | IgnoredSection


class Document(NamedTuple):
    """A file: the front matter's inside, the text that no section holds, the sections in order."""

    front_matter: Range | None
    stray: tuple[Range, ...]
    sections: tuple[Section, ...]


class ArgumentSyntax(NamedTuple):
    """An argument as written, quotes dropped where they aren't needed."""

    name: str | None
    value: str
    range: Range

    def moved(self, offset: int) -> ArgumentSyntax:
        """The same `offset` characters further on."""
        return ArgumentSyntax(self.name, self.value, self.range.moved(offset))


class CallSyntax(NamedTuple):
    """A well-formed call."""

    tool: str
    arguments: tuple[ArgumentSyntax, ...]


class TextPiece(NamedTuple):
    """Narration."""

    range: Range


class CallPiece(NamedTuple):
    """A call in a text, or what was meant as one: then `call` is None and `problem` says why."""

    range: Range
    name: str
    call: CallSyntax | None
    problem: str | None = None
    hint: str | None = None


class Term(NamedTuple):
    """A term of a sum; `dice` holds count, sides, keep and the values of rolled dice."""

    sign: Literal[1, -1]
    value: int
    source: str | None
    dice: tuple[int, int, str, tuple[int, ...]] | None
    range: Range

    def moved(self, offset: int) -> Term:
        """The same `offset` characters further on."""
        return Term(self.sign, self.value, self.source, self.dice, self.range.moved(offset))


class SumSyntax(NamedTuple):
    """A result that is a sum; `against` is its DC or AC."""

    terms: tuple[Term, ...]
    total: int
    total_range: Range
    against: int | None
    outcome: str | None
    outcome_range: Range | None
    canonical: str

    def moved(self, offset: int) -> SumSyntax:
        """The same `offset` characters further on."""
        return SumSyntax(
            tuple(term.moved(offset) for term in self.terms),
            self.total,
            self.total_range.moved(offset),
            self.against,
            self.outcome,
            self.outcome_range.moved(offset) if self.outcome_range else None,
            self.canonical,
        )

    @property
    def change(self) -> int:
        """What the terms after the first come to."""
        return sum(term.sign * term.value for term in self.terms[1:])

    @property
    def change_range(self) -> Range:
        """Where the terms after the first stand; there must be some."""
        return Range(
            min(term.range.start for term in self.terms[1:]), max(term.range.end for term in self.terms[1:])
        )


class ResultSyntax(NamedTuple):
    """A result's label and body; `sum` is None where the body is prose, `problem` says what is malformed."""

    label: str
    label_range: Range
    body: str
    body_range: Range
    sum: SumSyntax | None
    problem: str | None = None


class MisnamedTag(NamedTuple):
    """A tag that is nearly a result's, as `<TOOL_CALL>` is; `pair` are the opening and the closing tag, None where it
    has no partner."""

    range: Range
    pair: tuple[Range, Range] | None


class ResultPiece(NamedTuple):
    """A result inline in a text; `closed` is false where its end tag is missing, `misnamed` is the first of its tags
    that has another name."""

    range: Range
    result: ResultSyntax
    closed: bool = True
    misnamed: MisnamedTag | None = None


class StrayPiece(NamedTuple):
    """A closing tag without its opening one."""

    range: Range
    misnamed: MisnamedTag | None = None


Piece = TextPiece | CallPiece | ResultPiece | StrayPiece
