"""How a build shows itself: a live display on a terminal, plain lines when piped, nothing when quiet."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from loresmith.pipeline.stage import Watcher

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

EVERY = 5.0
"""Seconds between two plain lines of a running stage."""
REMEMBERED = 33
"""Reports that the time left is told from."""
APART = 0.5
"""Seconds between two such reports: of closer ones the time is mostly chance."""


@contextmanager
def watcher_for(stream: TextIO, *, quiet: bool) -> Generator[Watcher]:
    """The watcher that fits where the output goes."""
    if quiet:
        yield SilentWatcher()
    elif stream.isatty():
        with live_watcher() as watcher:
            yield watcher
    else:
        yield PlainWatcher(lambda line: print(line, file=stream, flush=True))


class SilentWatcher:
    """Says nothing."""

    def stage_begins(self, title: str) -> None:
        """Say nothing."""

    def stage_ends(self, title: str, outcome: str) -> None:
        """Say nothing."""

    def advance(self, fraction: float) -> None:
        """Say nothing."""

    def note(self, line: str) -> None:
        """Say nothing."""

    def measure(self, measurement: Measurement) -> None:
        """Say nothing."""


class Pace:
    """How fast the running stage goes now: the median of its recent reports, so that neither a pause nor what it did at
    another speed long ago counts."""

    def __init__(self) -> None:
        self.recent: deque[float] = deque(maxlen=REMEMBERED)
        self.last: tuple[float, float] | None = None

    def remaining(self, fraction: float) -> float | None:
        """Seconds left at the present pace, or None while there is nothing to tell it from."""
        now = time.monotonic()
        if self.last is None:
            self.last = now, fraction
        then, before = self.last
        if fraction > before and now - then >= APART:
            self.recent.append((now - then) / (fraction - before))
            self.last = now, fraction
        return (1 - fraction) * sorted(self.recent)[len(self.recent) // 2] if self.recent else None


class PlainWatcher:
    """Plain lines: a stage's beginning and end, and its progress every few seconds."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.pace = Pace()
        self.began = self.spoke = time.monotonic()
        self.title = ""

    def stage_begins(self, title: str) -> None:
        """Say that the stage runs."""
        self.title, self.pace = title, Pace()
        self.began = self.spoke = time.monotonic()
        self.say(f"{title}: running")

    def stage_ends(self, title: str, outcome: str) -> None:
        """Say the outcome and, when it ran, how long it took."""
        took = f" [{duration(time.monotonic() - self.began)}]" if title == self.title else ""
        self.say(f"{title}: {outcome}{took}")
        self.title = ""

    def advance(self, fraction: float) -> None:
        """Say the part that is done, not too often."""
        left = self.pace.remaining(fraction)
        self._now_and_then(f"{self.title}: {fraction:.0%}{_left(left)}")

    def note(self, line: str) -> None:
        """Say it."""
        self.say(f"{self.title}: {line}")

    def measure(self, measurement: Measurement) -> None:
        """Say the step, not too often; one with an eval loss always."""
        left = self.pace.remaining(measurement.step / measurement.steps)
        elapsed = duration(time.monotonic() - self.began)
        text = f"{self.title}: {step_text(measurement)}, {elapsed} elapsed{_left(left)}"
        if measurement.eval_loss is not None or measurement.step == 1:
            self.spoke = 0.0
        self._now_and_then(text)

    def _now_and_then(self, text: str) -> None:
        if time.monotonic() - self.spoke >= EVERY:
            self.say(text)
            self.spoke = time.monotonic()


class LiveWatcher:
    """A bar for the running stage and a line for each finished one."""

    def __init__(self, progress: Any) -> None:
        self.progress = progress
        self.task: Any = None
        self.pace = Pace()
        self.began = time.monotonic()

    def stage_begins(self, title: str) -> None:
        """Show the stage's bar."""
        self.pace, self.began = Pace(), time.monotonic()
        self.task = self.progress.add_task(title, total=None, note="", left="")

    def stage_ends(self, title: str, outcome: str) -> None:
        """Replace the bar by a line."""
        from rich.markup import escape

        took = ""
        if self.task is not None:
            self.progress.remove_task(self.task)
            took = f" [dim]{duration(time.monotonic() - self.began)}[/dim]"
            self.task = None
        line = f"[green]✓[/green] [bold]{escape(title)}[/bold]  {escape(outcome)}{took}"
        self.progress.console.print(line, emoji=False)

    def advance(self, fraction: float) -> None:
        """Move the bar."""
        left = _left(self.pace.remaining(fraction))
        self.progress.update(self.task, total=1.0, completed=fraction, left=left.removeprefix(", "))

    def note(self, line: str) -> None:
        """Put it above the bar."""
        self.progress.console.print(f"  {line}", markup=False, emoji=False)

    def measure(self, measurement: Measurement) -> None:
        """Move the bar and show the losses."""
        self.advance(measurement.step / measurement.steps)
        self.progress.update(self.task, note=step_text(measurement))


@contextmanager
def live_watcher() -> Generator[LiveWatcher]:
    """A live display on the terminal."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", style="bold", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", style="dim", markup=False),
    )
    with Progress(*columns) as progress:
        yield LiveWatcher(progress)


def step_text(measurement: Measurement) -> str:
    """Step, losses and speed as one line."""
    evaluated = "" if measurement.eval_loss is None else f", eval loss {measurement.eval_loss:.3f}"
    speed = measurement.tokens / measurement.seconds
    return f"step {measurement.step}/{measurement.steps}, loss {measurement.loss:.3f}{evaluated}, {speed:,.0f} tokens/s"


def duration(seconds: float) -> str:
    """A time as people say it: `8 s`, `4 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f", {duration(seconds)} left"
