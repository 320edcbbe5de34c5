"""A scenario as the features read it: parsed and elaborated, however broken its text is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from loresmith.check.creatures import Cast
from loresmith.diagnostics.diagnostic import Findings
from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import Draft, MadeCall
from loresmith.elaborate.scenario import elaborate
from loresmith.ir.scenario import Member
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import Parsed, parse_document
from loresmith.syntax.source import Source, make_source
from loresmith.syntax.tree import Document, Field, Range, Section, SystemSection, TurnSection


@dataclass(frozen=True)
class Analysis:
    """The draft of a text with the syntax tree that it was made of."""

    parsed: Parsed
    draft: Draft
    vocabulary: Vocabulary

    @property
    def source(self) -> Source:
        """The text, its line ends settled."""
        return self.parsed.source

    @property
    def document(self) -> Document:
        """The syntax tree."""
        return self.parsed.document

    @cached_property
    def cast(self) -> Cast:
        """Whom names mean."""
        return Cast(self.draft)

    @cached_property
    def calls(self) -> list[MadeCall]:
        """Every call of the text, in order."""
        system = self.draft.system.calls if self.draft.system else ()
        return [*system, *(call for turn in self.draft.turns for call in turn.calls)]

    @property
    def members(self) -> tuple[Member, ...]:
        """The members that could be read whole."""
        return self.draft.system.members if self.draft.system else ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all members; a heading that is begun below the party is none."""
        names = self.draft.system.names if self.draft.system else ()
        return tuple(name for name in names if any(sign.isalnum() for sign in name))

    def place(self, span: Span) -> Range:
        """The offsets of a span."""
        starts = self.source.starts
        return Range(starts[span.line - 1] + span.column - 1, starts[span.end_line - 1] + span.end_column - 1)

    def covers(self, span: Span, offset: int) -> bool:
        """Whether a cursor at `offset` touches the span."""
        start, end = self.place(span)
        return start <= offset <= end

    def member(self, name: str) -> Member | None:
        """The member that a name means: in full, as `player`, or by an only first name."""
        meant = self.cast.meant_by(name)
        return next((member for member in self.members if member.name == meant), None)

    def line_before(self, offset: int) -> str:
        """The line up to an offset; what nothing is looked into (code, comments, escapes) is blank."""
        start = self.source.starts[self.source.place(offset)[0] - 1]
        return self.parsed.shadows.plain[start:offset]

    def section_at(self, offset: int) -> Section | None:
        """The section that an offset is in, its heading included."""
        before = [s for s in self.document.sections if s.head.range.start <= offset]
        return before[-1] if before else None

    def field_at(self, offset: int) -> Field | None:
        """The field of SYSTEM that an offset is in."""
        section = self.section_at(offset)
        fields = section.fields if isinstance(section, SystemSection) else ()
        before = [field for field in fields if field.head.range.start <= offset]
        return before[-1] if before else None

    def is_user_turn(self, turn: TurnSection) -> bool:
        """Whether the player speaks: under a keyword or the player character's name."""
        player = self.draft.system.player if self.draft.system else None
        return turn.head.key == "user" or (
            turn.head.key is None and turn.head.title.casefold() == (player or "").casefold()
        )


def analyse(path: str, text: str, vocabulary: Vocabulary) -> Analysis:
    """The analysis of a scenario's text; every text has one. What is found in it is not kept."""
    findings = Findings(path)
    parsed = parse_document(make_source(path, text), findings)
    return Analysis(parsed, elaborate(parsed, vocabulary, findings), vocabulary)
