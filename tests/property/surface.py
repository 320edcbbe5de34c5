"""The same scenario written in any of the forms that the language accepts."""

from __future__ import annotations

from hypothesis import strategies as st
from loresmith.ir.scenario import Call, DmTurn, Member, Result, Scenario, System, Turn, UserTurn

COMMENTS = ("<!-- a note -->", "<!-- noqa: SC401 -->", "<!-- two\nlines -->")


@st.composite
def surfaces(draw: st.DrawFn, scenario: Scenario) -> str:
    """A text for the scenario: drawn headings, tags or labels, aliases, shapes of the party, comments, line ends."""
    blocks = [*_front(draw), *_system(draw, scenario.system)]
    style = draw(st.sampled_from(("heading", "tag", "bold", "plain")))
    level = draw(st.integers(1, 3))
    if draw(st.booleans()) and style != "plain":
        blocks.append("# CONVERSATION")
    for turn in scenario.turns:
        blocks += _turn(draw, turn, style, level)
    text = _with_comments(draw, blocks)
    if draw(st.booleans()):
        text = "\ufeff" + text
    return text.replace("\n", draw(st.sampled_from(("\n", "\r\n")))) + draw(
        st.sampled_from(("", "\n", "\n\n\n"))
    )


def _front(draw: st.DrawFn) -> list[str]:
    return draw(st.sampled_from(([], ["---\nweight: 2 # twice\ntags: [a, 'b c']\n---"])))


def _with_comments(draw: st.DrawFn, blocks: list[str]) -> str:
    """The blocks one below the other with comments behind and between some, and rules between others."""
    pieces = list[str]()
    for number, block in enumerate(blocks):
        pieces.append(block)
        # Behind a fence's end it would be text of the fence.
        if number and not block.endswith(("`", "~")) and draw(st.integers(0, 7)) == 0:
            pieces[-1] += f" {draw(st.sampled_from(COMMENTS))}"
        if number and number + 1 < len(blocks) and draw(st.integers(0, 3)) == 0:
            pieces.append(draw(st.sampled_from((*COMMENTS, "---"))))
    return draw(st.sampled_from(("\n\n", "\n\n\n"))).join(pieces)


def _system(draw: st.DrawFn, system: System) -> list[str]:
    tagged, labels = draw(st.booleans()), draw(st.booleans())
    fields = [
        _field(draw, title, body, labels=labels)
        for titles, body in (
            (("Role", "role"), system.role),
            (("World", "Setting"), system.world),
            (("Location", "Scene"), system.location),
        )
        if body is not None
        for title in [draw(st.sampled_from(titles))]
    ]
    others = [f"## {detail.name}\n\n{detail.value}" for detail in system.fields]
    fields += _party(draw, system.party) + (others if not labels else [])
    if tagged:
        return ["<SYSTEM>", *fields, "</SYSTEM>"]
    return [draw(st.sampled_from(("# SYSTEM", "# system <!-- here -->", "## System:"))), *fields]


def _field(draw: st.DrawFn, title: str, body: str, *, labels: bool) -> str:
    if labels:
        return draw(st.sampled_from((f"**{title}:** {body}", f"{title}: {body}", f"**{title}**: {body}")))
    note = draw(st.sampled_from(("", " <!-- why -->")))
    return draw(
        st.sampled_from((f"## {title}{note}\n\n{body}", f"### {title}\n{body}", f"## {title}: {body}"))
    )


def _party(draw: st.DrawFn, party: tuple[Member, ...]) -> list[str]:
    shape = draw(st.sampled_from((_listed, _one_line, _headed, _tabled)))
    note = draw(st.sampled_from(("", " <!-- strong -->", "\n<!-- alone -->")))
    title = draw(st.sampled_from(("## Party", "## Characters")))
    return [f"{title}\n\n{shape(party)}{note if shape is not _tabled else ''}"]


def _listed(party: tuple[Member, ...]) -> str:
    return "\n".join(
        f"* **{m.name}** ({m.race or ''} {m.character_class}, Level {m.level})\n"
        f"    * HP: {m.health} / {m.max_health}\n"
        + "".join(f"    * {d.name}: {d.value}\n" for d in m.details)
        for m in party
    )


def _one_line(party: tuple[Member, ...]) -> str:
    return "\n".join(
        f"- {m.name}{' (player)' if m.player else ''}: {m.race or ''} {m.character_class}, level {m.level}, "
        f"Health {m.health}/{m.max_health}, Inventory: {', '.join(m.inventory) or 'none'}"
        for m in party
    )


def _headed(party: tuple[Member, ...]) -> str:
    return "\n\n".join(
        f"#### {m.name}\n\n- Class: {m.character_class}\n- Level: {m.level}\n- Health: {m.max_health}\n"
        f"- EXP: {m.experience or 0}\n- Alignment: neutral"
        for m in party
    )


def _tabled(party: tuple[Member, ...]) -> str:
    rows = [
        f"| {m.race or ''} | {m.name} | {m.character_class} | {m.level} | {m.health}/{m.max_health} |"
        for m in party
    ]
    return "\n".join(["| Race | Name | Class | Level | HP |", "|---|---|---|---|---|", *rows])


def _turn(draw: st.DrawFn, turn: Turn, style: str, level: int) -> list[str]:
    if isinstance(turn, UserTurn):
        return _opened(draw, ("User", "Player", "USER"), turn.text, style, level)
    assert isinstance(turn, DmTurn)
    apart = style == "heading" and draw(st.booleans())
    if not apart:
        body = "".join(_part(draw, part) for part in turn.parts)
        return _opened(draw, ("DM", "GM", "Dungeon Master"), body, style, level)
    return _in_sections(draw, turn, level)


def _in_sections(draw: st.DrawFn, turn: DmTurn, level: int) -> list[str]:
    """The reply in several sections, each result in one of its own."""
    blocks, said = list[str](), list[str]()
    for part in turn.parts:
        if isinstance(part, Result):
            blocks += [f"{'#' * level} DM\n\n{''.join(said)}"] if "".join(said).strip() else []
            blocks.append(f"{'#' * draw(st.integers(1, 4))} TOOLCALL\n\n{part.label}: {part.body}")
            said = []
        else:
            said.append(_part(draw, part))
    return blocks + ([f"{'#' * level} DM\n\n{''.join(said)}"] if "".join(said).strip() else [])


def _opened(draw: st.DrawFn, titles: tuple[str, ...], body: str, style: str, level: int) -> list[str]:
    title = draw(st.sampled_from(titles))
    if style == "tag":
        return [f"<{title}>\n{body}\n</{title}>"]
    if style == "bold":
        return [draw(st.sampled_from((f"**{title}:** {body}", f"**{title}**: {body}")))]
    return [f"{title}: {body}" if style == "plain" else f"{'#' * level} {title}\n\n{body}"]


def _part(draw: st.DrawFn, part: object) -> str:
    if isinstance(part, Call):
        return _call(draw, part)
    if isinstance(part, Result):
        return draw(
            st.sampled_from(
                (part.text, f"<toolcall> {part.label} :  {part.body.replace('*', '')}\n</TOOLCALL>")
            )
        )
    return str(getattr(part, "text", ""))


def _call(draw: st.DrawFn, call: Call) -> str:
    values = [argument.value for argument in call.arguments]
    if call.text == "[roll: wisdom save]":
        return draw(st.sampled_from((call.text, "[save: wisdom]", "[ROLL:wisdom_save]")))
    return draw(st.sampled_from((call.text, f"[{call.tool.upper()}:{' , '.join(values)} ]")))
