"""The SYSTEM section to its fields and party."""

from __future__ import annotations

from loresmith.diagnostics.diagnostic import Findings
from loresmith.diagnostics.span import Span
from loresmith.elaborate.draft import DraftSystem, MadeCall
from loresmith.elaborate.members import MemberElaborator
from loresmith.elaborate.text import TextReader
from loresmith.ir.scenario import Detail, Member
from loresmith.syntax.document import Parsed
from loresmith.syntax.keywords import FIELDS, comparable
from loresmith.syntax.member import MemberSyntax
from loresmith.syntax.party import parse_party, parse_player
from loresmith.syntax.tree import Field, Range, SystemSection

_PROSE_HINT = "A party holds its members alone; what else there is to say of it belongs in World or Role."
_MEMBER_HINT = "Write - **Lyra** (player): Elf Ranger, level 3, and her Health below."


class SystemElaborator:
    """Elaborates one SYSTEM section; findings SC202, SC203, SC204, SC205, SC208."""

    def __init__(self, parsed: Parsed, reader: TextReader, findings: Findings) -> None:
        self.parsed = parsed
        self.reader = reader
        self.findings = findings

    def system(self, section: SystemSection) -> DraftSystem:
        """The SYSTEM part, as far as it could be made."""
        texts = {key: self._text(section, key) for key in ("role", "world", "location")}
        self._report_missing(section, texts)
        written = self._members(section)
        names = tuple(member.name for member in written if member.name)
        player = next((m.name for m in written if m.player), names[0] if names else None)
        return DraftSystem(
            span=self.reader.span(section.head.range),
            role=texts["role"],
            world=texts["world"],
            location=texts["location"],
            fields=tuple(self._unknown(section)),
            members=self._elaborated(written, player),
            names=names,
            player=player,
            calls=tuple(self._calls(section)),
        )

    def _text(self, section: SystemSection, key: str) -> str | None:
        bodies = [self.reader.text(field.body).strip() for field in _fields(section, key)]
        return "\n\n".join(filter(None, bodies)) or None

    def _report_missing(self, section: SystemSection, texts: dict[str, str | None]) -> None:
        span = self.reader.span(section.head.range)
        if texts["role"] is None:
            self.findings.add("SC202", span, "SYSTEM has no Role.", "Add ## Role and who the model is.")
        if not _fields(section, "party") and not _fields(section, "player"):
            self.findings.add("SC202", span, "SYSTEM has no Party.", "Add ## Party and its members.")
        for key, title in (("world", "World"), ("location", "Location")):
            if texts[key] is None:
                self.findings.add("SC203", span, f"SYSTEM has no {title}.", f"Add ## {title}.")

    def _members(self, section: SystemSection) -> list[MemberSyntax]:
        text = self.parsed.shadows.visible
        heads = _fields(section, "party") + _fields(section, "player")
        parties = [parse_player(text, field.body) for field in _fields(section, "player")]
        parties += [parse_party(text, field.body) for field in _fields(section, "party")]
        written = [member for party in parties for member in party.members]
        if not any(member.name for member in written):
            if heads:
                span = self.reader.span(heads[0].head.range)
                self.findings.add("SC208", span, "The party has no members.", _MEMBER_HINT)
            return []
        for place in (place for party in parties for place in party.prose):
            self.findings.add("SC205", self._first_line(place), "This text names no member.", _PROSE_HINT)
        self._report_namesakes(written)
        return written

    def _first_line(self, place: Range) -> Span:
        end = min(self.reader.source.line_end(place.start), place.end)
        return self.reader.span(Range(place.start, end))

    def _report_namesakes(self, written: list[MemberSyntax]) -> None:
        seen = set[str]()
        for member in filter(lambda one: one.name, written):
            name = member.name.casefold()
            if name in seen:
                span = self.reader.span(member.range)
                self.findings.add("SC208", span, f"Two members are named {member.name}.")
            seen.add(name)

    def _elaborated(self, written: list[MemberSyntax], player: str | None) -> tuple[Member, ...]:
        elaborator = MemberElaborator(self.reader.source, self.reader.vocabulary.lists, self.findings)
        members = (elaborator.member(member, player) for member in written)
        return tuple(member for member in members if member)

    def _unknown(self, section: SystemSection) -> list[Detail]:
        """The fields that the language doesn't know, and text that no field holds, with their warnings."""
        found = list[Detail]()
        if not self.reader.is_blank(section.intro):
            span = self.reader.span(section.intro)
            self.findings.add(
                "SC204", span, "This text of SYSTEM belongs to no field.", "Put it below ## Role."
            )
            found.append(Detail(name="Notes", value=self.reader.text(section.intro).strip(), span=span))
        for field in section.fields:
            if comparable(field.head.title) not in FIELDS:
                span = self.reader.span(field.head.range)
                name, value = named_text(field.head.title, self.reader.text(field.body).strip())
                self.findings.add("SC204", span, f"SYSTEM has no field {name!r}; it is kept as written.")
                found.append(Detail(name=name, value=value, span=span))
        return found

    def _calls(self, section: SystemSection) -> list[MadeCall]:
        places = [section.intro, *(field.body for field in section.fields)]
        return [call for place in places for call in self.reader.calls(place)]


def named_text(title: str, body: str) -> tuple[str, str]:
    """The name and the text of an unknown field: `## Weather: rain` has both in its heading."""
    name, colon, text = (part.strip() for part in title.partition(":"))
    return (name, text) if name and colon and text and not body else (title, body)


def _fields(section: SystemSection, key: str) -> list[Field]:
    return [field for field in section.fields if FIELDS.get(comparable(field.head.title)) == key]
