"""Ctrl-C while the model answers: the answer ends, the game goes on."""

from __future__ import annotations

import io
import signal
from pathlib import Path

import pytest
from loresmith.engine.request import Rules
from loresmith.generate.sampling import Sampling
from loresmith.play import terminal
from loresmith.play.game import Game
from loresmith.play.screen import Screen
from loresmith.play.terminal import play
from rich.console import Console

from tests.play.scripted import VOCABULARY, ScriptedSession, party_scenario


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def played(monkeypatch: pytest.MonkeyPatch, session: ScriptedSession, *lines: str) -> str:
    """What is shown when the player says these lines."""
    said = iter(lines)

    def read(_prompt: str) -> str:
        line = next(said, None)
        if line is None:
            raise EOFError
        return line

    monkeypatch.setattr("builtins.input", read)
    shown = io.StringIO()
    game = Game(party_scenario(), session, Rules(VOCABULARY), Sampling(), seed=5)
    play(game, Screen(Console(file=shown, width=200)), Path())
    return shown.getvalue()


def test_the_answer_ends_and_the_game_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    session = ScriptedSession("The rain never stops falling.", "It stops.")
    session.at[8] = lambda: (interrupt(), interrupt())[0]
    before = signal.getsignal(signal.SIGINT)
    shown = played(monkeypatch, session, "I wait.", "I wait longer.")
    assert "The rain\n(stopped)\n" in shown
    assert "It stops.\n" in shown
    assert "The rain<end_of_turn>" in session.prompts[1]
    assert signal.getsignal(signal.SIGINT) is before


def test_twice_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "SAME_KEYSTROKE_SECONDS", -1.0)
    session = ScriptedSession("The rain never stops falling.")
    session.at[8] = lambda: (interrupt(), interrupt())[0]
    with pytest.raises(KeyboardInterrupt):
        played(monkeypatch, session, "I wait.")
