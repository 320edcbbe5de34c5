"""Whole files: bytes, spans, noqa, splits, and that nothing an author writes breaks the compiler."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loresmith.check.corpus import check_corpus
from loresmith.check.file import Compiled, compile_source
from loresmith.check.outline import outline_of
from loresmith.elaborate.front_matter import names_of_path, split_of
from loresmith.ir.scenario import DmTurn
from loresmith.ir.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
CANONICAL = Path(__file__).parents[1] / "golden" / "front_end" / "canonical" / "input.md"


def compiled(text: str | bytes, path: str = "ai-training/scenarios/combat/x.md") -> Compiled:
    return compile_source(path, text.encode() if isinstance(text, str) else text, VOCABULARY)


def codes(text: str | bytes) -> list[str]:
    return [found.code for found in compiled(text).findings]


def test_bytes_that_arent_text_have_a_place() -> None:
    result = compiled("# SYSTEM\n\nzwölf ".encode() + b"\xff\xfe")
    (found,) = result.findings
    assert (found.code, found.line, found.column) == ("SC101", 3, 7)
    assert result.scenario is None


def test_a_member_named_by_white_space_has_no_name() -> None:
    text = CANONICAL.read_text(encoding="utf-8").replace("**Borin**", "**\u00a0**")
    assert "SC205" in codes(text)


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_dont_matter(ending: str) -> None:
    text = CANONICAL.read_text(encoding="utf-8")
    assert compiled("\ufeff" + text.replace("\n", ending)).scenario == compiled(text).scenario


def test_the_parts_of_a_reply_give_back_what_the_author_wrote() -> None:
    text = CANONICAL.read_text(encoding="utf-8")
    scenario = compiled(text).scenario
    assert scenario is not None
    reply = scenario.turns[1]
    assert isinstance(reply, DmTurn)
    assert "".join(part.text for part in reply.parts) == text.partition("# DM\n")[2].strip()


@pytest.mark.parametrize(
    "line",
    [
        r"\[# Lyra",
        "`a`# Lyra",
        r"\## User",
        "`a`<DM>",
        "`a`**User:** Hi",
        r"\<# User",
        "`a\nb`# Lyra",
        r"\[---",
    ],
)
def test_what_follows_code_or_an_escape_doesnt_begin_its_line(line: str) -> None:
    text = CANONICAL.read_text(encoding="utf-8")
    before = compiled(text).scenario
    after = compiled(text.replace("A panel", f"So:\n{line}\n\nA panel"))
    assert before is not None and after.scenario is not None
    assert after.findings == compiled(text).findings
    assert len(after.scenario.turns) == len(before.turns)


@pytest.mark.parametrize(("title", "speaker"), [("`User`", "`User`"), (r"\# User", r"\# User")])
def test_a_heading_of_code_or_an_escape_is_no_keyword(title: str, speaker: str) -> None:
    text = CANONICAL.read_text(encoding="utf-8").replace("A panel", f"# {title}\n\nA panel")
    scenario = compiled(text).scenario
    assert scenario is not None
    reply = scenario.turns[1]
    assert len(scenario.turns) == 2
    assert isinstance(reply, DmTurn)
    assert any(f"{speaker}: A panel" in part.text for part in reply.parts)


def test_comments_leave_no_trace() -> None:
    text = CANONICAL.read_text(encoding="utf-8")
    commented = text.replace("A panel", "<!-- a\nb -->\nA<!-- c --> panel").replace("# DM", "# DM <!-- d -->")
    before, after = compiled(text).scenario, compiled(commented).scenario
    assert before is not None
    assert after is not None
    assert [p.text for p in before.turns[1].parts] == [p.text for p in after.turns[1].parts]  # type: ignore[union-attr]


def test_a_bare_noqa_on_the_first_line_covers_the_file() -> None:
    text = CANONICAL.read_text(encoding="utf-8").partition("---\n\n")[2].replace("perception", "percepton")
    assert "SC302" in codes(text)
    assert codes("<!-- noqa -->\n" + text) == []
    assert "SC302" in codes("<!-- noqa: SC401 -->\n" + text)
    assert "SC302" in codes("`<!-- noqa -->`\n" + text)


def test_with_front_matter_the_first_line_below_it_covers_the_file() -> None:
    front, fence, rest = CANONICAL.read_text(encoding="utf-8").partition("---\n\n")
    text = rest.replace("perception", "percepton")
    assert codes(f"{front}{fence}<!-- noqa -->\n{text}") == []
    assert codes(f"{front}{fence}# SYSTEM <!-- noqa -->\n{text.removeprefix('# SYSTEM')}") == []
    assert "SC302" in codes(f"{front}{fence}\n{text}")
    assert "SC302" in codes(f"{front}{fence}{text}\n<!-- noqa -->\n")


def test_a_malformed_turn_hides_nothing_after_it() -> None:
    text = CANONICAL.read_text(encoding="utf-8")
    broken = text.replace("<TOOLCALL>perception: 15 + 5(skill) = *20*</TOOLCALL>", "<TOOLCALL>")
    broken = broken.replace("*23*", "*22*") + "\n# User\n\n[roll: x]\n"
    assert codes(broken) == ["SC103", "SC401", "SC210", "SC306"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("ai-training/scenarios/combat/deep/ambush.md", ("combat/deep/ambush", "combat")),
        ("scenarios/ambush.md", ("ambush", "uncategorised")),
        ("elsewhere/ambush.md", ("elsewhere/ambush", "uncategorised")),
        ("a/scenarios/b/scenarios/puzzle/x.md", ("puzzle/x", "puzzle")),
    ],
)
def test_id_and_category_follow_from_the_path(path: str, names: tuple[str, str]) -> None:
    assert names_of_path(path) == names


def test_splits_are_stable_and_about_80_10_10() -> None:
    splits = [split_of(f"combat/scene-{number}") for number in range(2000)]
    assert splits[:3] == [split_of(f"combat/scene-{number}") for number in range(3)]
    assert 0.77 < splits.count("train") / 2000 < 0.83
    assert 0.08 < splits.count("eval") / 2000 < 0.12


def test_two_scenarios_with_one_id() -> None:
    text = CANONICAL.read_text(encoding="utf-8")
    scenarios = [compiled(text, f"scenarios/combat/{name}.md").scenario for name in ("b", "a")]
    outlines = [outline_of(scenario, ()) for scenario in scenarios if scenario]
    (found,) = (found for found in check_corpus(outlines) if found.code == "SC506")
    assert found.path == "scenarios/combat/b.md"
    assert "scenarios/combat/a.md" in found.message


SYSTEM = "# SYSTEM\n## Role\nx\n## Party\n- A: Elf Bard, level 2, Health 3/4\n"
PIECES = st.sampled_from(
    [
        *(
            "# SYSTEM\n",
            "## Role\n",
            "## Party\n",
            "- **A** (player): Elf Bard, level 2\n",
            "  - Health: 3/4\n",
        ),
        *("# User\n", "# DM\n", "## DM\n", "# TOOLCALL\n", "# CONVERSATION\n", "**User:** ", "DM: ", "---\n"),
        *(
            "```\n",
            "<!--",
            "-->",
            "<DM>",
            "</DM>",
            "<TOOLCALL>",
            "</TOOLCALL>",
            "[roll: stealth]",
            "[roll:",
            "]",
        ),
        *(
            "stealth: ",
            "2d6[1, 2]",
            " + 5(skill)",
            " = *7*",
            "\n",
            "\n\n",
            " ",
            "|",
            "\\[",
            "`",
            "text",
            "\r\n",
        ),
        *("(", ")", "\x00", "☠"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["", SYSTEM, SYSTEM + "# User\n\nHi.\n\n# DM\n\n"]),
    st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200)),
)
def test_anything_compiles_and_spans_stay_inside(start: str, text: str) -> None:
    data = (start + text).encode("utf-8", errors="replace")
    result = compiled(data)
    lines = data.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for found in result.findings:
        assert 1 <= found.line <= found.end_line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1
        assert (found.end_line, found.end_column) >= (found.line, found.column)
        assert found.end_column <= len(lines[found.end_line - 1]) + 1
    # Whatever stops a scenario is said: no error, no missing scenario.
    assert (result.scenario is None) == any(found.severity == "error" for found in result.findings)


PARTY = """# SYSTEM

## Role

You are the DM.

## World

W.

## Location

L.

## Party

- **Lyra Windrunner** (player): Elf Ranger, level 3
  - Health: 24/28
- **{companion}**: Dwarf Cleric, level 3
  - Health: 27

"""
LABELS = "**Player:** I look.\n**DM:** Dark.\n"


@pytest.mark.parametrize(
    ("turns", "companion", "roles"),
    [
        (f"{LABELS}**Lyra Windrunner:** I go.\n**DM:** So.", "Borin", "user dm user dm"),
        (f"{LABELS}**lyra**: I go.\nIn.\n\n**GM**: So.", "Borin", "user dm user dm"),
        ("User: I look.\nDM: Dark.\n**Lyra:** I go.\nDM: So.", "Borin", "user dm user dm"),
        (f"{LABELS}[roll: 1d4]\n**TOOLCALL:** 1d4: 1d4[2] = *2*\n**Lyra:** I go.", "Borin", "user dm user"),
        (f"{LABELS}**Lyra:** I go.", "Lyra Stone", "user dm"),
        (f"{LABELS}**Borin:** I go.", "Borin", "user dm"),
        (f"{LABELS}Lyra: I go.\n> **Lyra:** I go.\nOh **Lyra:** go.\n`**Lyra:** go`", "Borin", "user dm"),
        ("**Player:** I look.\n**Lyra:** I go.\n**Borin:** Aye.\n**DM:** Dark.", "Borin", "user dm"),
        ("# User\n\nI look.\n\n# DM\n\nDark.\n\n**Lyra:** I go.", "Borin", "user dm"),
        (f"{LABELS}\n# DM\n\nSo.\n\n**Lyra:** I go.", "Borin", "user dm"),
        (f"{LABELS}\n# Notes <!-- noqa -->\n\nX.\n\n# DM\n\n**Lyra:** I go.", "Borin", "user dm"),
    ],
)
def test_the_player_characters_bold_label_is_a_user_turn_among_labels(
    turns: str, companion: str, roles: str
) -> None:
    result = compiled(PARTY.format(companion=companion) + turns)
    assert result.scenario is not None, result.findings
    assert " ".join(turn.role for turn in result.scenario.turns) == roles
