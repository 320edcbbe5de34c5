"""Names of the user's own with brackets in them are shown as they are: to rich, brackets are markup."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from loresmith.commands import bench
from loresmith.commands.data import _print_statistics
from loresmith.commands.doctor import _print_table
from loresmith.commands.watchers import live_watcher
from loresmith.environment.doctor import Verdict
from loresmith.library.statistics import Statistics
from loresmith.validate.evaluate import Evaluated
from loresmith.validate.fidelity import Fidelity, Followed
from loresmith.validate.score import scores_of
from loresmith.validate.speed import Speed

from tests.validate.answered import judged

NAMES = ("[/combat]", "[tavern]", "m[v2].gguf", "a :100: b", "[red]x", "[")


def statistics(*categories: str) -> Statistics:
    return Statistics(
        scenarios=1, by_split={"train": 1}, by_category=dict.fromkeys(categories, 1), player_messages=0, replies=0,
        replies_without_call=0, calls=0, by_tool={}, reply_characters=None, player_characters=None,
    )  # fmt: skip


def evaluated(name: str) -> Evaluated:
    judgements = (judged("You look."),)
    followed = Followed(replies=0, share=None, interval=None, counts={})
    return Evaluated(
        name=name,
        answers=(),
        scores=scores_of(judgements),
        judgements=judgements,
        speed=Speed(first_token_seconds=1, prompt_tokens_per_second=1, tokens_per_second=1, memory_bytes=1, tokens=1),
        fidelity=Fidelity(replies=1, perplexity=1, bits_per_byte=1, outcomes=followed, ledgers=followed),
    )  # fmt: skip


def test_statistics_show_categories(capsys: pytest.CaptureFixture[str]) -> None:
    _print_statistics(statistics(*NAMES))
    shown = capsys.readouterr().out
    assert all(name in shown for name in NAMES)


def test_bench_shows_files_and_folds_long_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = (*NAMES[:3], "gemma3-270m-with-a-long-name/v12/gemma3-270m-q4_k_m.gguf")
    models = [evaluated(name) for name in names]
    bench._print(models, {one.name: bench._differences(models[0], one) for one in models[1:]}, "the split")
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    head = next(number for number, line in enumerate(lines) if line.startswith("┡"))
    columns = zip(*(line.strip("┃").split("┃") for line in lines[2:head]), strict=True)
    assert ["".join(map(str.strip, column)) for column in columns] == ["A reply…", *names]


def test_the_live_display_shows_titles_and_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setenv("COLUMNS", "200")
    with live_watcher() as watcher:
        watcher.progress.console.file = shown
        for name in NAMES:
            watcher.stage_begins(f"Judging {name}")
            watcher.note(f"{name} is noted")
            (task,) = watcher.progress.tasks
            assert f"Judging {name}" in [str(column(task)) for column in watcher.progress.columns]
            watcher.stage_ends(f"Judging {name}", f"{name} is done")
    for name in NAMES:
        assert f"  {name} is noted\n" in shown.getvalue()
        assert f"✓ Judging {name}  {name} is done" in shown.getvalue()


def test_doctor_shows_folders(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _print_table([Verdict(name=name, status="ok", detail=str(Path(name)), remedy=name) for name in NAMES])
    shown = capsys.readouterr().out
    assert all(shown.count(name) >= 3 for name in NAMES)
