"""A parsed file to a draft: front matter, SYSTEM, turns, and the findings about its structure."""

from __future__ import annotations

from loresmith.diagnostics.diagnostic import Findings, Fix
from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import Draft
from loresmith.elaborate.front_matter import elaborate_front_matter
from loresmith.elaborate.system import SystemElaborator
from loresmith.elaborate.text import TextReader
from loresmith.elaborate.turns import TurnElaborator
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import Parsed
from loresmith.syntax.tree import Document, IgnoredSection, MisnamedTag, Range, SystemSection, TurnSection


def elaborate(parsed: Parsed, vocabulary: Vocabulary, findings: Findings) -> Draft:
    """The draft of a file; findings SC101 to SC211 that concern its structure."""
    reader = TextReader(parsed, vocabulary)
    front = elaborate_front_matter(parsed.source, parsed.document.front_matter, findings)
    systems = [s for s in parsed.document.sections if isinstance(s, SystemSection)]
    _report_structure(parsed.document, systems, reader, findings)
    system = SystemElaborator(parsed, reader, findings).system(systems[0]) if systems else None
    turns = TurnElaborator(reader, system, findings).turns(parsed.document.sections)
    for span in reader.unclosed:
        findings.add("SC103", span, "<TOOLCALL> is never closed.", "Close it with </TOOLCALL>.")
    for span in reader.stray:
        findings.add("SC103", span, "</TOOLCALL> closes nothing.")
    for tag in reader.misnamed:
        _report_misnamed(tag, reader, findings)
    return Draft(parsed.source, front, system, turns)


def _report_structure(
    document: Document, systems: list[SystemSection], reader: TextReader, findings: Findings
) -> None:
    for section in document.sections:
        if isinstance(section, IgnoredSection):
            message = (
                f"{section.head.title!r} stands above the level of the turns: it and its text are ignored."
            )
            findings.add("SC211", reader.span(section.head.range), message)
    if not systems:
        message = "There is no SYSTEM section."
        first = Range(0, reader.source.line_end(0))
        findings.add("SC201", reader.span(first), message, "Begin with # SYSTEM.")
        return
    for again in systems[1:]:
        findings.add("SC201", reader.span(again.head.range), "A second SYSTEM section.")
    start = systems[0].head.range.start
    for place in document.stray:
        findings.add("SC102", _first_line(place, reader), "This text belongs to no section.")
    turn = next(
        (s for s in document.sections if isinstance(s, TurnSection) and s.head.range.start < start), None
    )
    if turn:
        findings.add("SC102", reader.span(turn.head.range), "A turn before SYSTEM.", "SYSTEM comes first.")


def _report_misnamed(tag: MisnamedTag, reader: TextReader, findings: Findings) -> None:
    """SC104 at the tag; where it has a partner, with a fix that names both."""
    text, fix = reader.source.text, None
    if tag.pair:
        opening, closing = tag.pair
        place = reader.span(Range(opening.start, closing.end))
        fix = Fix(**place._asdict(), text=f"<TOOLCALL>{text[opening.end : closing.start]}</TOOLCALL>")
    written = " ".join(text[tag.range.start : tag.range.end].split())
    message, hint = f"{written} is no result's tag.", "A result's tag is <TOOLCALL>…</TOOLCALL>."
    findings.add("SC104", reader.span(tag.range), message, hint, fix)


def _first_line(place: Range, reader: TextReader) -> Span:
    end = min(reader.source.line_end(place.start), place.end)
    return reader.span(Range(place.start, end))
