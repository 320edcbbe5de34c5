"""`loresmith data clean`: one form for what looks alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.library.clean import Cleaned, clean

from tests.library.begun import FOLDER, scenarios

ROOT = Path(__file__).parents[2]


def test_clean_replaces_what_looks_alike_and_nothing_else(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = scenarios(project)[0]
    before = file.read_text()
    word = next(word for word in before.split() if word.isalpha() and len(word) > 4)
    file.write_text(
        before.replace(word, f"{word[:2]}\u200b{word[2:]}", 1).replace("'", "\u2019").replace("\n", "  \n", 1)
    )
    assert exit_code_of(["data", "clean", "--check"]) == 1
    assert file.read_text() != before
    assert exit_code_of(["data", "clean"]) == 0
    assert file.read_text() == before
    assert exit_code_of(["data", "clean", "--check"]) == 0


def test_clean_moves_no_scenario_to_another_split(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = scenarios(project)[0]
    body = file.read_text()
    body = body[body.index("# SYSTEM") :]
    front = (
        "---\nid: the-smuggler\u2019s-cove-5\ncategory: exploration\ntags: ['smuggler\u2019s cove']\n---\n\n"
    )
    file.write_text(front + body.replace(".", ".\u2028Well.", 1))
    assert exit_code_of(["data", "clean"]) == 0
    assert file.read_text().startswith("---\nid: the-smuggler\u2019s-cove-5\n")
    assert "\u2028" not in file.read_text()
    assert ". Well." in file.read_text()


def test_clean_mends_what_only_its_characters_made_an_error(project: Path) -> None:
    file = scenarios(project)[0]
    before = file.read_text()
    file.write_text(before.replace("[roll: ", "[roll:\u200b ", 1))
    assert exit_code_of(["data", "clean"]) == 0
    assert file.read_text() == before


def test_clean_mends_a_typesetters_minus() -> None:
    text = (ROOT / "tests" / "golden" / "front_end" / "canonical" / "input.md").read_text()
    typed = text.replace("stealth +7", "stealth -7")
    typeset = re.sub(r" -(?=\d| \d)", " \u2212", typed)
    assert typeset.count("\u2212") == 3
    assert clean("x.md", typeset.encode(), load_vocabulary()) == Cleaned(typed, 3)


SPACES = (0xA0, 0x1680, *range(0x2002, 0x200B), 0x202F, 0x205F, 0x3000)
"""Spaces other than the keyboard's, but U+2000 and U+2001, which NFC makes two of them."""


def cleaned_word(written: str) -> tuple[str, int]:
    """What `clean` makes of a word that the DM says, and how many characters it counts."""
    text = (ROOT / "tests" / "golden" / "front_end" / "canonical" / "input.md").read_text()
    assert text.count("A panel ") == 1
    made = clean("x.md", text.replace("A panel ", f"A {written} ").encode(), load_vocabulary(None))
    before, _, after = text.partition("A panel ")
    assert made.text is not None
    assert made.text.startswith(before)
    assert made.text.endswith(after)
    return made.text.removeprefix(before).removesuffix(after)[2:-1], made.characters


@pytest.mark.parametrize(
    ("written", "clean_form", "counted"),
    [
        ("panel", "panel", 0),
        ("cafe\u0301", "café", 1),
        ("e\u0301te\u0301 \u00e9", "été é", 2),
        ("e\u200d\u0301", "é", 2),
        ("o\u0302\u0323", "ộ", 1),
        ("\u212bngstrom", "\u00c5ngstrom", 1),
        ("q\u0301", "q\u0301", 0),
        *((f"pa{chr(sign)}nel", "panel", 1) for sign in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F))),
        *((f"pa{chr(sign)}nel", "panel", 1) for sign in (*range(0x2066, 0x206A), *range(0xFE00, 0xFE10))),
        ("\u2764\ufe0f\u200e", "\u2764", 2),
        ("葛\U000e0100", "葛", 1),
        *((f"pa{chr(space)}nel", "pa nel", 1) for space in (*SPACES, 0x2028)),
    ],
)
def test_clean_composes_letters_and_drops_what_nobody_sees(
    written: str, clean_form: str, counted: int
) -> None:
    assert cleaned_word(written) == (clean_form, counted)
    assert cleaned_word(clean_form) == (clean_form, 0)


def test_clean_composes_no_id(project: Path) -> None:
    file = scenarios(project)[0]
    body = file.read_text()
    body = body[body.index("# SYSTEM") :]
    front = "---\nid: cafe\u0301\ncategory: exploration\n---\n\n"
    file.write_text(front + body.replace(".", ". Cafe\u0301.", 1))
    assert exit_code_of(["data", "clean"]) == 0
    assert file.read_text().startswith("---\nid: cafe\u0301\n")
    assert ". Café." in file.read_text()


def test_clean_leaves_what_has_errors_and_names_twins(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = project / FOLDER / "broken.md"
    broken.write_text("# SYSTEM\n\n# User\n\nhi\n")
    assert exit_code_of(["data", "clean"]) == 1
    assert "broken.md: left as it is" in capsys.readouterr().err
    assert broken.read_text() == "# SYSTEM\n\n# User\n\nhi\n"
    broken.write_bytes(scenarios(project)[1].read_bytes())
    broken.rename(project / FOLDER / "twin.md")
    assert exit_code_of(["data", "clean"]) == 1
    assert "has the same text as" in capsys.readouterr().err
