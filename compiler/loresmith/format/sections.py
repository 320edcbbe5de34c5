"""Headings and tags: how sections are laid out in the canonical form."""

from __future__ import annotations

from dataclasses import dataclass

from loresmith.syntax.marks import heading_of, label_of, source_lines
from loresmith.syntax.opaque import cast_shadows
from loresmith.syntax.source import make_source

FIELD_LEVEL = 2


@dataclass(frozen=True)
class Section:
    """A section on its way to text: `kind` is `user`, `dm`, or `speaker` with the name in `title`; `note` is what
    stands behind the heading on its line, a comment."""

    kind: str
    title: str
    body: str
    note: str = ""


def laid_out(section: Section, level: int) -> str:
    """A turn under its heading; in tags where its body has lines that would open a turn of their own."""
    note = f" {section.note}" if section.note else ""
    if section.kind != "speaker" and opens_sections(section.body, level):
        return f"<{section.title}>{note}\n\n{section.body}\n\n</{section.title}>"
    return f"{'#' * level} {section.title}{note}\n\n{section.body}"


def laid_out_field(title: str, body: str, note: str = "") -> str:
    """A field of SYSTEM under its heading."""
    head = f"{'#' * FIELD_LEVEL} {title}" + (f" {note}" if note else "")
    return f"{head}\n\n{body}" if body else head


def laid_out_system(fields: list[str], note: str, *, tagged: bool) -> str:
    """The SYSTEM section with its fields; in tags where a field has lines that would open a turn."""
    note = f" {note}" if note else ""
    inside = "\n\n".join(fields)
    return f"<SYSTEM>{note}\n\n{inside}\n\n</SYSTEM>" if tagged else f"# SYSTEM{note}\n\n{inside}"


def opens_sections(body: str, level: int) -> bool:
    """Whether a line of `body` would open a section among turns that have headings of that level."""
    source = make_source("", body)
    for line in source_lines(source, cast_shadows(source, 0), 0):
        heading, label = heading_of(line, source), label_of(line)
        if heading and (heading.level <= level or heading.key == "result"):
            return True
        if label and label.bold and label.key in ("user", "dm", "result"):
            return True
    return False
