"""The time left that a running stage is said to need."""

from __future__ import annotations

import time

import pytest
from loresmith.commands.watchers import REMEMBERED, Pace, PlainWatcher


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that the watchers read."""
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


def reported(pace: Pace, clock: Clock, steps: range, seconds: float) -> float | None:
    """The time left after so many hundredths of a stage, of so many seconds each."""
    left = None
    for step in steps:
        clock.now += seconds
        left = pace.remaining(step / 100)
    return left


def test_nothing_is_told_from_one_report(clock: Clock) -> None:
    assert Pace().remaining(0.2) is None


def test_the_first_report_of_a_stage_that_goes_on_is_no_progress(clock: Clock) -> None:
    pace = Pace()
    reported(pace, clock, range(60, 61), 1000)
    assert reported(pace, clock, range(61, 71), 2) == pytest.approx(30 * 2)


def test_a_pause_doesnt_count(clock: Clock) -> None:
    pace = Pace()
    reported(pace, clock, range(1, 11), 2)
    clock.now += 10_000
    assert reported(pace, clock, range(11, 21), 2) == pytest.approx(80 * 2)


def test_what_was_slow_long_ago_is_forgotten(clock: Clock) -> None:
    pace = Pace()
    reported(pace, clock, range(1, 50), 20)
    assert reported(pace, clock, range(50, 50 + REMEMBERED), 2) == pytest.approx((51 - REMEMBERED) * 2)


def test_reports_close_together_count_as_one(clock: Clock) -> None:
    pace = Pace()
    assert reported(pace, clock, range(1, 6), 0.1) is None
    assert reported(pace, clock, range(6, 8), 0.1) == pytest.approx(94 * 0.1, rel=0.02)


def test_plain_lines_tell_the_part_and_the_time_left(clock: Clock) -> None:
    said: list[str] = []
    watcher = PlainWatcher(said.append)
    watcher.stage_begins("Merging")
    for part in (0.1, 0.2, 0.3):
        clock.now += 6
        watcher.advance(part)
    watcher.stage_ends("Merging", "done")
    assert said == [
        "Merging: running", "Merging: 10%", "Merging: 20%, 48 s left", "Merging: 30%, 42 s left", "Merging: done [18 s]"
    ]  # fmt: skip
