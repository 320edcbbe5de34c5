"""`loresmith data stats`, and what the shipped library holds."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from loresmith.check.project import CheckedProject, check_project
from loresmith.check.replies import MOST_CHARACTERS
from loresmith.commands.entry import exit_code_of
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.library.statistics import Statistics, spread, statistics_of
from loresmith.library.table import BEGIN, END, table_of
from loresmith.lower.conversation import Conversation, lower_scenario
from loresmith.validate.game_states import refusals_of, states_before

from tests.library.begun import scenarios, told

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "ai-training" / "scenarios"
OTHERS = ROOT / "benchmarks" / "others"
FAILED = re.compile(r"<TOOLCALL>([^:<]+): [^<]* (?:failure|miss)</TOOLCALL>")


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
