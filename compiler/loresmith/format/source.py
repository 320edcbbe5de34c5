"""A file's text to its canonical form: comments kept, the meaning the same."""

from __future__ import annotations

from dataclasses import dataclass

from loresmith.check.file import compile_source
from loresmith.diagnostics.diagnostic import Diagnostic, Findings
from loresmith.elaborate.system import named_text
from loresmith.format.bodies import BodyWriter
from loresmith.format.comments import Comments, comments_of, with_comments
from loresmith.format.meaning import meaning_of
from loresmith.format.party import PartyLine, member_lines
from loresmith.format.sections import Section, laid_out, laid_out_field, laid_out_system, opens_sections
from loresmith.ir.scenario import Member, Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.document import Parsed, parse_document
from loresmith.syntax.keywords import FIELDS, comparable
from loresmith.syntax.member import MemberSyntax
from loresmith.syntax.party import written_members
from loresmith.syntax.source import make_source
from loresmith.syntax.tree import Field, IgnoredSection, ResultSection, SystemSection, TurnSection


@dataclass(frozen=True)
class Formatted:
    """The canonical form; None where the file can't be read without errors (`findings`), or can't be written
    otherwise without changing what it means (no error among the findings then)."""

    text: str | None
    findings: tuple[Diagnostic, ...]


def format_text(path: str, text: str, vocabulary: Vocabulary) -> Formatted:
    """The canonical form of the scenario in `text`; what it means, its path aside, is never changed."""
    return format_bytes(path, text.encode("utf-8"), vocabulary)


def format_bytes(path: str, data: bytes, vocabulary: Vocabulary) -> Formatted:
    """The same for a file's bytes, which may not be text at all."""
    compiled = compile_source(path, data, vocabulary)
    if compiled.scenario is None:
        return Formatted(None, compiled.findings)
    parsed = parse_document(make_source(path, data.decode("utf-8")), Findings(path))
    if len(_written_members(parsed)) != len(compiled.scenario.system.party):
        # A silenced SC205: the member that isn't in the scenario would be lost.
        return Formatted(None, compiled.findings)
    written = _Writer(parsed, compiled.scenario, vocabulary).text()
    again = compile_source(path, written.encode("utf-8"), vocabulary).scenario
    same = again is not None and meaning_of(again) == meaning_of(compiled.scenario)
    return Formatted(written if same else None, compiled.findings)


class _Writer:
    """Writes one parsed file anew."""

    def __init__(self, parsed: Parsed, scenario: Scenario, vocabulary: Vocabulary) -> None:
        self.parsed = parsed
        self.scenario = scenario
        self.vocabulary = vocabulary
        self.comments: Comments = comments_of(parsed)
        self.bodies = BodyWriter(parsed, vocabulary)
        ignored = [s.head.level for s in parsed.document.sections if isinstance(s, IgnoredSection)]
        self.level = max(ignored, default=0) + 1

    def text(self) -> str:
        """The whole file."""
        system = next(s for s in self.parsed.document.sections if isinstance(s, SystemSection))
        opening = [*self._front_matter(), *self.comments.preamble]
        return "\n\n".join([*opening, self._system(system), *self._turns()]) + "\n"

    def _front_matter(self) -> list[str]:
        place = self.parsed.document.front_matter
        inside = self.parsed.source.text[place.start : place.end].strip("\n") if place else ""
        return [f"---\n{inside}\n---"] if inside.strip() else []

    def _system(self, section: SystemSection) -> str:
        around = self.comments.around(section.head)
        known = [self._fields(section, key, title) for key, title in _TEXTS]
        notes = [laid_out_field("Notes", self.bodies_raw(section))] if self._has_intro(section) else []
        others = [self._unknown(f) for f in section.fields if comparable(f.head.title) not in FIELDS]
        loose = ["\n".join((*around.before, *around.after))] if around.before or around.after else []
        fields = [*loose, *(f for part in known for f in part), *notes, *others, *self._party(section)]
        tagged = any(opens_sections(self._visible_body(field), 0) for field in _prose(section))
        return laid_out_system(fields, around.note, tagged=tagged)

    def bodies_raw(self, section: SystemSection) -> str:
        """The text of SYSTEM above its first field."""
        return self.parsed.source.text[section.intro.start : section.intro.end]

    def _has_intro(self, section: SystemSection) -> bool:
        return bool(self.parsed.shadows.visible[section.intro.start : section.intro.end].strip())

    def _visible_body(self, field: Field) -> str:
        return self.parsed.source.text[field.body.start : field.body.end]

    def _fields(self, section: SystemSection, key: str, title: str) -> list[str]:
        """The field of that key under its own name; several of it are one."""
        found = [f for f in section.fields if FIELDS.get(comparable(f.head.title)) == key]
        if not found:
            return []
        note = " ".join(filter(None, (self.comments.around(f.head).note for f in found)))
        bodies = [self.comments.around(f.head).wrapped(self._raw(f)) for f in found]
        return [laid_out_field(title, "\n\n".join(filter(None, bodies)), note)]

    def _unknown(self, field: Field) -> str:
        """A field that the language doesn't know, as it stood."""
        around = self.comments.around(field.head)
        title, body = named_text(field.head.title, self._raw(field))
        return laid_out_field(title, around.wrapped(body), around.note)

    def _raw(self, field: Field) -> str:
        """The body as written; nothing where it has only comments, which are kept apart."""
        place = field.body
        blank = not self.parsed.shadows.visible[place.start : place.end].strip()
        return "" if blank else self.parsed.source.text[place.start : place.end]

    def _party(self, section: SystemSection) -> list[str]:
        heads = [f for f in section.fields if FIELDS.get(comparable(f.head.title)) in ("party", "player")]
        around = [self.comments.around(f.head) for f in heads]
        members = zip(self.scenario.system.party, _written_members(self.parsed), strict=True)
        lines = [line for member, written in members for line in self._lines(member, written)]
        inside = [region for a in around for region in a.inside]
        listed = "\n".join(with_comments(self.parsed, lines, inside))
        before = [comment for a in around for comment in a.before]
        after = [comment for a in around for comment in a.after]
        note = " ".join(filter(None, (a.note for a in around)))
        return [laid_out_field("Party", "\n".join([*before, listed, *after]), note)]

    def _lines(self, member: Member, written: MemberSyntax) -> list[PartyLine]:
        return member_lines(member, written, self.vocabulary.lists.get("classes", ()))

    def _turns(self) -> list[str]:
        """The turns; what belongs to one DM reply and isn't said by another speaker stands in one section."""
        made = list[Section | str]()
        for section in self.parsed.document.sections:
            if isinstance(section, IgnoredSection):
                made.append(self._ignored(section))
            elif isinstance(section, TurnSection | ResultSection):
                turn = self._turn(section)
                last = made[-1] if made else None
                if isinstance(last, Section) and _continues(last, turn):
                    made[-1] = _joined(last, turn)
                else:
                    made.append(turn if turn.kind != "result" else Section("dm", "DM", turn.body, turn.note))
        return [part if isinstance(part, str) else laid_out(part, self.level) for part in made]

    def _turn(self, section: TurnSection | ResultSection) -> Section:
        around = self.comments.around(section.head)
        if isinstance(section, ResultSection):
            return Section("result", "", around.wrapped(self.bodies.result(section.body)), around.note)
        body = around.wrapped(self.bodies.body(section.body))
        title, player = section.head.title, next(m.name for m in self.scenario.system.party if m.player)
        if section.head.key == "user" or (section.head.key is None and title.casefold() == player.casefold()):
            return Section("user", "User", body, around.note)
        kind, title = ("dm", "DM") if section.head.key == "dm" else ("speaker", title)
        return Section(kind, title, body, around.note)

    def _ignored(self, section: IgnoredSection) -> str:
        """A section above the level of the turns, as it stands."""
        starts = [s.head.range.start for s in self.parsed.document.sections]
        end = min((s for s in starts if s > section.head.range.start), default=len(self.parsed.source.text))
        return self.parsed.source.text[section.head.range.start : end].strip()


_TEXTS = (("role", "Role"), ("world", "World"), ("location", "Location"))


def _prose(section: SystemSection) -> list[Field]:
    return [f for f in section.fields if FIELDS.get(comparable(f.head.title)) not in ("party", "player")]


def _written_members(parsed: Parsed) -> list[MemberSyntax]:
    """The members as written, the player's own field first."""
    system = next(s for s in parsed.document.sections if isinstance(s, SystemSection))
    return written_members(system, parsed.shadows.visible)


def _continues(last: Section, turn: Section) -> bool:
    """Whether a section belongs into the one before: a result into its reply, narration behind narration."""
    return last.kind != "user" and (turn.kind == "result" or turn.kind == last.kind == "dm")


def _joined(last: Section, turn: Section) -> Section:
    """Two sections of one reply as one; a comment on the second's heading keeps a line of its own."""
    body = "\n".join(filter(None, (turn.note, turn.body)))
    return Section(last.kind, last.title, f"{last.body}\n\n{body}", last.note)
