"""The loop of a game: a line from the player, the model's reply, until the player leaves."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from loresmith.diagnostics.failure import Failure
from loresmith.play.commands import Commands, shown_failure
from loresmith.play.game import Game
from loresmith.play.scenario_file import turn_text
from loresmith.play.screen import Screen
from loresmith.process.interrupts import SAME_KEYSTROKE_SECONDS

PROMPT = "> "


def play(game: Game, screen: Screen, root: Path) -> None:
    """Play until the player leaves with /quit or the input ends; KeyboardInterrupt at the prompt passes through."""
    commands = Commands(game, screen, root)
    _set_the_scene(game, screen)
    while (line := _line()) is not None:
        try:
            said = line
            if line.startswith("/"):
                asked = commands.run(line)
                if asked.leave:
                    return
                said = asked.again
            if said:
                _reply(game, screen, said)
        except Failure as failure:
            screen.note(shown_failure(failure))


def _set_the_scene(game: Game, screen: Screen) -> None:
    system = game.scenario.system
    for text in filter(None, (system.world, system.location, *map(turn_text, game.moment.seen))):
        screen.say(text)
    screen.say("")
    screen.table(game.moment.state)
    screen.say("")


def _reply(game: Game, screen: Screen, said: str) -> None:
    with _interrupt_stops(game):
        for event in game.answer(said):
            screen.show(event)
    screen.say("")


@contextmanager
def _interrupt_stops(game: Game) -> Generator[None]:
    """Within, Ctrl-C ends the reply; once more, a while later, it interrupts as ever."""
    asked: list[float] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        if asked and time.monotonic() - asked[0] > SAME_KEYSTROKE_SECONDS:
            raise KeyboardInterrupt
        asked.append(time.monotonic())
        game.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _line() -> str | None:
    """The next line of the player that says something; None when the input ends. A pipe's lines are shown."""
    while True:
        try:
            line = input(PROMPT).strip()
        except EOFError:
            print()
            return None
        if not sys.stdin.isatty():
            print(line)
        if line:
            return line


def prepare_input() -> None:
    """Let lines be edited and recalled where the terminal can, and take any bytes."""
    with suppress(ImportError):
        import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(errors="replace")  # pyright: ignore[reportAttributeAccessIssue]
