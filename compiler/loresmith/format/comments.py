"""Comments: which section each belongs to, and where in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loresmith.format.party import PartyLine
from loresmith.syntax.document import Parsed
from loresmith.syntax.opaque import Region
from loresmith.syntax.tree import Document, Head, Range, ResultSection, SystemSection, TurnSection


@dataclass(frozen=True)
class Around:
    """The comments of one section: on the heading's line, between heading and body, inside the body, behind it."""

    note: str = ""
    before: tuple[str, ...] = ()
    inside: tuple[Region, ...] = ()
    after: tuple[str, ...] = ()

    def wrapped(self, body: str) -> str:
        """The body between its comments, each on lines of its own."""
        return "\n".join(filter(None, (*self.before, body, *self.after)))


@dataclass(frozen=True)
class Comments:
    """All comments of a file: those before the first heading, and the others by the heading's offset."""

    preamble: tuple[str, ...]
    by_head: dict[int, Around]

    def around(self, head: Head) -> Around:
        """The comments of the section that `head` opens."""
        return self.by_head.get(head.range.start, Around())


def comments_of(parsed: Parsed) -> Comments:
    """The comments of a file by the section they belong to."""
    places = _places(parsed)
    preamble = list[str]()
    owned: dict[int, list[Region]] = {}
    for region in parsed.shadows.comments():
        owner = max((start for start in places if start <= region.start), default=None)
        if owner is None:
            preamble.append(_text(parsed, region))
        else:
            owned.setdefault(owner, []).append(region)
    return Comments(
        tuple(preamble),
        {start: _around(parsed, start, places[start], found) for start, found in owned.items()},
    )


def _places(parsed: Parsed) -> dict[int, Range | None]:
    """The offset of each heading with the range of its body; None for a section that is kept as it stands."""
    found: dict[int, Range | None] = {}
    document: Document = parsed.document
    for section in document.sections:
        if isinstance(section, SystemSection):
            found[section.head.range.start] = section.intro
            found |= {field.head.range.start: field.body for field in section.fields}
        elif isinstance(section, TurnSection | ResultSection):
            found[section.head.range.start] = section.body
        else:
            found[section.head.range.start] = None
    return found


def _around(parsed: Parsed, head: int, body: Range | None, regions: Sequence[Region]) -> Around:
    if body is None:
        return Around()
    blank = not parsed.shadows.visible[body.start : body.end].strip()
    inside = tuple(r for r in regions if not blank and body.start <= r.start < body.end)
    end_of_head = parsed.source.line_end(head)
    others = [r for r in regions if r not in inside]
    on_line = [r for r in others if r.start < end_of_head and (blank or r.start < body.start)]
    rest = [r for r in others if r not in on_line]
    return Around(
        note=" ".join(_text(parsed, r) for r in on_line),
        before=tuple(_text(parsed, r) for r in rest if r.start < body.start),
        inside=inside,
        after=tuple(_text(parsed, r) for r in rest if r.start >= body.start),
    )


def with_comments(parsed: Parsed, lines: Sequence[PartyLine], regions: Sequence[Region]) -> list[str]:
    """The lines of a list with its comments: behind the entry on whose line each stood, else on a line of its own
    behind the entry that it followed."""
    source = parsed.source
    notes: dict[int, list[str]] = {}
    for region in regions:
        line = source.place(region.start)[0]
        beside = [n for n, entry in enumerate(lines) if source.place(entry.offset)[0] == line]
        if beside:
            notes.setdefault(beside[-1], []).append(f" {_text(parsed, region)}")
            continue
        earlier = [(entry.offset, n) for n, entry in enumerate(lines) if entry.offset < region.start]
        place = max(earlier)[1] if earlier else -1
        # Behind the whole list it belongs to the field, and isn't set in.
        indent = "" if place == len(lines) - 1 else "  "
        notes.setdefault(place, []).append(f"\n{indent}{_text(parsed, region)}")
    opening = [note.strip() for note in notes.get(-1, ())]
    return opening + [entry.text + "".join(notes.get(n, ())) for n, entry in enumerate(lines)]


def _text(parsed: Parsed, region: Region) -> str:
    return parsed.source.text[region.start : region.end]
