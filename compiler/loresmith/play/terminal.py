"""The loop of a game: a line from the player, the model's reply, until the player leaves."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from loresmith.diagnostics.failure import Failure
from loresmith.play.commands import Asked, Commands, shown_failure
from loresmith.play.game import Event, Game
from loresmith.play.scenario_file import turn_text
from loresmith.play.screen import Screen
from loresmith.process.interrupts import SAME_KEYSTROKE_SECONDS

PROMPT = "> "


def play(game: Game, screen: Screen, root: Path) -> None:
    """Play until the player leaves with /quit or the input ends; KeyboardInterrupt at the prompt passes through."""
    commands, interrupts = Commands(game, screen, root), _Interrupts(game)
    _set_the_scene(game, screen)
    with interrupts.taken():
        while (line := _line()) is not None:
            try:
                asked = commands.run(line) if line.startswith("/") else Asked(said=line)
                if asked.leave:
                    return
                if asked.said or asked.retry:
                    with interrupts.stop_the_reply():
                        _reply(screen, game.answer(asked.said) if asked.said else game.answer_again())
            except Failure as failure:
                screen.note(shown_failure(failure))


def _set_the_scene(game: Game, screen: Screen) -> None:
    system = game.scenario.system
    for text in filter(None, (system.world, system.location, *map(turn_text, game.moment.seen))):
        screen.say(text)
    screen.say("")
    screen.table(game.moment.state)
    screen.say("")


def _reply(screen: Screen, events: Iterator[Event]) -> None:
    for event in events:
        screen.show(event)
    screen.say("")


class _Interrupts:
    """Ctrl-C within a reply ends the reply; at the prompt, or once more within a reply, it interrupts as ever.

    One keystroke may arrive several times (process/interrupts.py): the second must not leave the game.
    """

    def __init__(self, game: Game) -> None:
        self._game = game
        self._replying = False
        self._stopped = False
        self._last = float("-inf")

    @contextmanager
    def taken(self) -> Generator[None]:
        """Within, interrupts are this object's."""
        before = signal.signal(signal.SIGINT, self._take)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def stop_the_reply(self) -> Generator[None]:
        """Within, the game replies."""
        self._replying, self._stopped = True, False
        try:
            yield
        finally:
            self._replying = False

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        before, self._last = self._last, time.monotonic()
        if self._last - before <= SAME_KEYSTROKE_SECONDS:
            return
        if not self._replying or self._stopped:
            raise KeyboardInterrupt
        self._stopped = True
        self._game.stop()


def _line() -> str | None:
    """The next line of the player that says something; None when the input ends. A pipe's lines are shown."""
    # Python gives no stream where the shell closed it.
    while sys.stdin and sys.stdout:
        try:
            line = input(PROMPT).strip()
        except EOFError:
            print()
            return None
        if not sys.stdin.isatty():
            print(line)
        if line:
            return line
    return None


def prepare_input() -> None:
    """Let lines be edited and recalled where the terminal can, and take any bytes."""
    with suppress(ImportError):
        import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]
    for stream in filter(None, (sys.stdin, sys.stdout)):
        stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
