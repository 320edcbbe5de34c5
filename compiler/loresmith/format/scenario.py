"""A scenario's IR as the text of a scenario file."""

from __future__ import annotations

import json

from loresmith.elaborate.front_matter import names_of_path, split_of
from loresmith.format.party import member_lines
from loresmith.format.sections import Section, laid_out, laid_out_field, laid_out_system, opens_sections
from loresmith.ir.scenario import DmTurn, Scenario, System, Turn, UserTurn
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.member import MemberSyntax
from loresmith.syntax.tree import Range

LEVEL = 1


def write_scenario(scenario: Scenario, vocabulary: Vocabulary) -> str:
    """The scenario in canonical form: compiled under the same path it gives the same IR, spans aside."""
    turns = [laid_out(_section(turn), LEVEL) for turn in scenario.turns]
    return "\n\n".join([*_front_matter(scenario), written_system(scenario.system, vocabulary), *turns]) + "\n"


def _front_matter(scenario: Scenario) -> list[str]:
    """What the path doesn't say already."""
    default_id, default_category = names_of_path(scenario.path)
    entries = {
        "id": scenario.id if scenario.id != default_id else None,
        "category": scenario.category if scenario.category != default_category else None,
        "tags": list(scenario.tags) or None,
        "split": scenario.split if scenario.split != split_of(scenario.id) else None,
        "weight": scenario.weight if scenario.weight != 1.0 else None,
    }
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in entries.items()
        if value is not None
    ]
    return ["\n".join(("---", *lines, "---"))] if lines else []


def written_system(system: System, vocabulary: Vocabulary) -> str:
    """The SYSTEM section in canonical form."""
    texts = [("Role", system.role), ("World", system.world), ("Location", system.location)]
    texts += [(field.name, field.value) for field in system.fields]
    fields = [laid_out_field(title, body) for title, body in texts if body is not None]
    nowhere, classes = Range(0, 0), vocabulary.lists.get("classes", ())
    party = [
        line.text
        for member in system.party
        for line in member_lines(member, MemberSyntax(member.name, nowhere), classes)
    ]
    tagged = any(opens_sections(body or "", 0) for _, body in texts)
    return laid_out_system([*fields, laid_out_field("Party", "\n".join(party))], "", tagged=tagged)


def _section(turn: Turn) -> Section:
    if isinstance(turn, UserTurn):
        return Section("user", "User", turn.text)
    assert isinstance(turn, DmTurn)
    return Section("dm", "DM", "".join(part.text for part in turn.parts))
