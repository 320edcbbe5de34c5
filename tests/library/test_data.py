"""`loresmith data`: statistics, clean form, snapshots."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path

import pytest
from loresmith.check.project import CheckedProject, check_project
from loresmith.check.replies import MOST_CHARACTERS
from loresmith.commands.entry import exit_code_of
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.library.clean import Cleaned, clean
from loresmith.library.statistics import Statistics, spread, statistics_of
from loresmith.library.table import BEGIN, END, table_of
from loresmith.lower.conversation import Conversation, lower_scenario
from loresmith.validate.game_states import refusals_of, states_before

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "ai-training" / "scenarios"
OTHERS = ROOT / "benchmarks" / "others"
FAILED = re.compile(r"<TOOLCALL>([^:<]+): [^<]* (?:failure|miss)</TOOLCALL>")
FOLDER = Path("ai-training") / "scenarios" / "exploration"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The project that `init` begins, with its two scenarios."""
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["init"]) == 0
    assert exit_code_of(["data", "clean"]) == 0
    capsys.readouterr()
    return tmp_path


def scenarios(project: Path) -> list[Path]:
    return sorted((project / "ai-training" / "scenarios").rglob("*.md"))


@cache
def checked(folder: Path) -> CheckedProject:
    """The scenarios below a folder of this repository, checked once for all tests."""
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.md"))}
    return check_project(files, load_vocabulary(None))


@cache
def conversations() -> list[Conversation]:
    """The library in this repository as a model sees it."""
    return [lower_scenario(scenario, load_vocabulary(None)) for scenario in checked(SHIPPED).scenarios()]


@cache
def shipped() -> Statistics:
    """The statistics of the library in this repository."""
    return statistics_of(conversations(), [tool.name for tool in load_vocabulary(None).tools])


def is_tried_again(conversation: Conversation) -> bool:
    """Whether a check that failed is rolled once more."""
    failed = set[str]()
    for message in conversation.messages:
        failed |= {label for label in FAILED.findall(message.content) if message.role == "user"}
        rolled = (call.strip("[]").removeprefix("roll: ") for call in message.expected_calls)
        if any(what.partition(",")[0] in failed for what in rolled):
            return True
    return False


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)


def test_statistics_count_what_a_model_sees(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["data", "stats", "--json"]) == 0
    found = told(capsys)
    text = "".join(path.read_text() for path in scenarios(project))
    assert found["scenarios"] == len(scenarios(project)) == 2
    assert found["player_messages"] == text.count("# User\n")
    assert found["calls"] == len(re.findall(r"\[\w+: ", text))
    assert found["by_tool"]["spell"] == {"calls": 0, "scenarios": 0}  # pyright: ignore[reportIndexIssue]
    assert exit_code_of(["data", "stats"]) == 0
    assert "2 scenarios" in capsys.readouterr().out


def test_what_the_player_says_is_counted_behind_results_and_without_the_scene(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened, other = scenarios(project)
    other.unlink()
    text = opened.read_text()
    system = text[text.index("# SYSTEM") : text.index("# User")]
    turns = (
        "# DM\n\nA door.\n\n# User\n\nI knock.\n\n# DM\n\nThey wait. [rest: short]\n\n<TOOLCALL>rest: short rest taken"
        "</TOOLCALL>\n\n# User\n\nAnd now?\n\n# DM\n\nIt opens.\n"
    )
    opened.write_text(system + turns)
    assert exit_code_of(["data", "stats", "--json"]) == 0
    found = told(capsys)
    assert found["player_messages"] == 2
    assert found["player_characters"] == {"median": 8, "p95": 8, "longest": 8}


def test_the_picture_is_the_same_each_time(project: Path) -> None:
    for name in ("a.png", "b.png"):
        assert exit_code_of(["data", "stats", "--plot", name]) == 0
    assert (project / "a.png").read_bytes() == (project / "b.png").read_bytes()
    assert (project / "a.png").read_bytes()[1:4] == b"PNG"


def test_the_table_stands_between_the_marks_of_a_page(project: Path) -> None:
    page = project / "page.md"
    page.write_text(f"Before.\n\n{BEGIN}stale\n{END}\nAfter.\n")
    for _ in range(2):
        assert exit_code_of(["data", "stats", "--table", "page.md"]) == 0
    text = page.read_text()
    assert text.startswith(f"Before.\n\n{BEGIN}\n| | |\n")
    assert text.endswith(f"\n{END}\nAfter.\n")
    assert "| roll | 2 | 2 |" in text
    assert "| spell | 0 | 0 |" in text
    assert "stale" not in text


def test_the_page_may_end_with_the_mark(project: Path) -> None:
    page = project / "page.md"
    page.write_text(f"{BEGIN}stale\n{END.rstrip()}")
    assert exit_code_of(["data", "stats", "--table", "page.md"]) == 0
    assert page.read_text().endswith(f"|\n\n{END.rstrip()}")


def test_the_page_keeps_its_line_ends(project: Path) -> None:
    page, text = project / "page.md", f"Before.\n\n{BEGIN}stale\n{END}\nAfter.\n"
    page.write_bytes(text.encode())
    assert exit_code_of(["data", "stats", "--table", "page.md"]) == 0
    made = page.read_bytes()
    page.write_bytes(text.replace("\n", "\r\n").encode() + b"One line of another system.\n")
    for _ in range(2):
        assert exit_code_of(["data", "stats", "--table", "page.md"]) == 0
        assert page.read_bytes() == made.replace(b"\n", b"\r\n") + b"One line of another system.\n"


def test_a_category_with_a_bar_stays_in_its_cell() -> None:
    named = {"by_category": {"a|b": 1, "c\\": 2, "d\\|e": 3}}
    table = table_of(statistics_of([], []).model_copy(update=named))
    rows = table[table.index("| category") : table.index("| tool")].splitlines()
    assert rows[2:] == [r"| a\|b | 1 |", r"| c\\ | 2 |", r"| d\\\|e | 3 |", ""]


@pytest.mark.parametrize("text", [None, "No marks.\n", BEGIN])
def test_a_page_without_marks_is_left_alone(
    project: Path, text: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    page = project / "page.md"
    if text is not None:
        page.write_text(text)
    assert exit_code_of(["data", "stats", "--table", "page.md"]) == 2
    assert "page.md" in capsys.readouterr().err
    assert text is None or page.read_text() == text


def test_the_documented_table_is_true() -> None:
    """Made by: loresmith data stats --table docs/data.md --plot docs/scenarios.png"""
    assert f"{BEGIN}\n{table_of(shipped())}\n{END}" in (ROOT / "docs" / "data.md").read_text()


def test_the_library_is_as_large_and_as_varied_as_it_should_be() -> None:
    statistics = shipped()
    assert statistics.scenarios >= 300
    assert statistics.by_split["test"] >= 40
    assert min(use.scenarios for use in statistics.by_tool.values()) >= 25
    assert statistics.replies_without_call * 3 >= statistics.replies
    assert statistics.reply_characters is not None
    assert statistics.reply_characters.longest <= MOST_CHARACTERS
    texts = [path.read_text() for path in SHIPPED.rglob("*.md")]
    speakers = [text for text in texts if re.search(r"^# (?!SYSTEM|User|DM)", text, re.MULTILINE)]
    assert len(speakers) >= 15


@pytest.mark.parametrize("folder", [SHIPPED, OTHERS], ids=["shipped", "others"])
def test_nothing_is_found_in_what_the_repository_holds(folder: Path) -> None:
    """As `loresmith lint --strict` has it, warnings and what is found over all files included."""
    assert [f"{f.path}:{f.line}: {f.code} {f.message}" for f in checked(folder).findings] == []
    texts = [path.read_text() for path in folder.rglob("*.md")]
    assert len(checked(folder).silenced) == len(texts) >= 30
    assert not any("noqa" in text for text in texts)


def test_the_library_has_what_it_teaches() -> None:
    categories = ("combat", "exploration", "roleplay", "puzzle", "social", "survival", "shopping", "travel")
    assert min(shipped().by_category.get(category, 0) for category in categories) >= 25
    replies = [[m for m in one.messages if m.role == "assistant"] for one in conversations()]
    assert sum(any(len(reply.expected_calls) > 1 for reply in one) for one in replies) >= 300
    told = [" ".join(m.content for m in one.messages if m.role == "user") for one in conversations()]
    assert sum(FAILED.search(text) is not None for text in told) >= 300
    assert sum(map(is_tried_again, conversations())) >= 50


def test_the_engine_carries_out_what_the_library_calls() -> None:
    held_out = [scenario for scenario in checked(SHIPPED).scenarios() if scenario.split != "train"]
    vocabulary = load_vocabulary(None)
    calls = refused = 0
    for scenario in held_out:
        replies = [m for m in lower_scenario(scenario, vocabulary).messages if m.role == "assistant"]
        for reply, state in zip(replies, states_before(scenario, vocabulary), strict=True):
            calls += len(reply.expected_calls)
            refused += len(refusals_of(reply.content, state, vocabulary))
    assert calls > 5000
    assert refused <= calls / 200


def test_spread() -> None:
    assert spread([]) is None
    lengths = spread(["x" * n for n in range(1, 101)])
    assert lengths is not None
    assert (lengths.median, lengths.p95, lengths.longest) == (50, 95, 100)


@pytest.mark.parametrize("count", range(1, 101))
def test_the_least_length_that_95_in_100_have_at_most(count: int) -> None:
    texts = ["x" * n for n in range(1, count + 1)]
    lengths = spread(texts)
    assert lengths is not None
    assert sum(len(text) <= lengths.p95 for text in texts) >= 0.95 * count
    assert sum(len(text) < lengths.p95 for text in texts) < 0.95 * count


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


def test_snapshots_tell_what_changed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["data", "diff"]) == 1
    assert exit_code_of(["data", "snapshot"]) == 0
    assert exit_code_of(["data", "snapshot"]) == 0
    assert "Nothing has changed since snapshot 1" in capsys.readouterr().out
    assert exit_code_of(["data", "diff"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\n"
    kept, gone = scenarios(project)
    gone.rename(gone.with_name("moved.md"))
    kept.write_text(kept.read_text().replace("# User\n", "# User\n\nWell,\n", 1))
    assert exit_code_of(["data", "diff", "--json"]) == 0
    found = told(capsys)
    shown = [path.relative_to(project).as_posix() for path in (kept, gone, gone.with_name("moved.md"))]
    assert (found["changed"], found["removed"], found["added"]) == ([shown[0]], [shown[1]], [shown[2]])
    assert exit_code_of(["data", "snapshot"]) == 0
    assert exit_code_of(["data", "diff", "1", "2"]) == 0
    assert f"+ {shown[2]}" in capsys.readouterr().out
    assert exit_code_of(["data", "diff", "7"]) == 2
    assert "Snapshots: 1, 2." in capsys.readouterr().err


def test_snapshots_know_the_projects_tools(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tools = project / "ai-training" / "tools.yaml"
    shown = "ai-training/tools.yaml"
    tools.unlink(missing_ok=True)
    assert exit_code_of(["data", "snapshot"]) == 0
    tools.write_text("remove: [quest]\n")
    capsys.readouterr()
    assert exit_code_of(["data", "diff"]) == 0
    assert f"+ {shown}\n" in capsys.readouterr().out
    assert exit_code_of(["data", "snapshot"]) == 0
    assert capsys.readouterr().out == "Snapshot 2.\n"
    tools.write_text("remove: [quest, spell]\n")
    assert exit_code_of(["data", "diff"]) == 0
    assert f"~ {shown}\n" in capsys.readouterr().out
    tools.unlink()
    assert exit_code_of(["data", "diff"]) == 0
    assert f"- {shown}\n" in capsys.readouterr().out
    assert exit_code_of(["data", "diff", "1"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\n"


def test_only_files_named_by_a_number_are_snapshots(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    folder = project / "ai-training" / "build" / "snapshots"
    for name in ("²", "٣", "07", "copy of 1", "9" * 100):
        (folder / f"{name}.json").write_text("{")
    capsys.readouterr()
    assert exit_code_of(["data", "diff"]) == 0
    assert exit_code_of(["data", "snapshot"]) == 0
    assert capsys.readouterr().out == "Nothing has changed.\nNothing has changed since snapshot 1.\n"


def test_a_damaged_snapshot_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    (project / "ai-training" / "build" / "snapshots" / "1.json").write_text("{")
    assert exit_code_of(["data", "diff"]) == 1
    assert "can't be read" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["build", "build/snapshots"])
def test_where_no_snapshot_can_be_kept_it_says_so(
    project: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    file = project / "ai-training" / place
    shutil.rmtree(file, ignore_errors=True)
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    assert exit_code_of(["data", "snapshot"]) == 2
    assert "Nothing can be written there" in capsys.readouterr().err


def test_a_folder_is_no_snapshot(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    (project / "ai-training" / "build" / "snapshots" / "2.json").mkdir()
    capsys.readouterr()
    assert exit_code_of(["data", "snapshot"]) == 0
    assert capsys.readouterr().out == "Nothing has changed since snapshot 1.\n"


def test_which_files_changed_is_told_where_they_dont_compile(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["data", "snapshot"]) == 0
    first, second = scenarios(project)
    first.write_text("# User\n\nHello.\n")
    capsys.readouterr()
    assert exit_code_of(["data", "diff"]) == 1
    said = capsys.readouterr()
    assert said.out == f"~ {first.relative_to(project).as_posix()}\n"
    assert "2 errors in 1 scenario file" in said.err
    first.unlink()
    second.unlink()
    assert exit_code_of(["data", "diff"]) == 2
    said = capsys.readouterr()
    assert said.out == "".join(f"- {path.relative_to(project).as_posix()}\n" for path in (first, second))
    assert "There is no .md file" in said.err
    assert exit_code_of(["data", "diff", "--json"]) == 2
    assert capsys.readouterr().out == ""
