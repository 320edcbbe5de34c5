"""What a game looks like in a terminal: words as they come, calls and results apart from them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loresmith.engine.request import Refusal
from loresmith.engine.state import Being, GameState
from loresmith.ir.scenario import Result
from loresmith.play.game import Ended, Event, Forgotten, Told

CALL, RESULT, REFUSED, NOTE = "bold cyan", "green", "red", "dim"
_ENDS = {"limit": "(cut off: this was the longest answer that the app asks for)", "interrupted": "(stopped)"}


class Screen:
    """Shows a game on a console; a terminal's lines break between words."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._word: list[tuple[str, bool]] = []
        self._column = 0
        self._in_call = False
        self._said_something = False

    def show(self, event: Event) -> None:
        """Show what happened."""
        if isinstance(event, Told):
            self._tell(event.text)
        elif isinstance(event, Ended):
            self._end(event)
        elif isinstance(event, Forgotten):
            self.note(f"(The first turns no longer fit into the model's context: {event.turns} left out.)")
        elif isinstance(event, Refusal):
            self._line(f"  x {event.tool}: {event.reason}", REFUSED)
        else:
            self._line(f"  = {_shown(event)}", RESULT)

    def note(self, text: str) -> None:
        """Say something beside the game."""
        self._line(text, NOTE)

    def say(self, text: str) -> None:
        """Say something, in lines that break between words."""
        for line in text.split("\n"):
            self._tell(line)
            self._break()

    def table(self, state: GameState) -> None:
        """Show the party, where it is, and its quests."""
        self.console.print(_party_table(state))
        lines = [f"Place: {state.place}"] if state.place else []
        lines += [f"Quest: {quest.name} ({quest.stage})" for quest in state.quests]
        others = [being for being in state.beings if not being.companion and being.health is not None]
        lines += [f"Met: {being.title or being.name}, health {being.health}" for being in others]
        for line in lines:
            self._line(line, "")

    def _line(self, text: str, style: str) -> None:
        self.console.print(Text(text, style=style), soft_wrap=not self.console.is_terminal)

    def _tell(self, text: str) -> None:
        for letter in text:
            self._in_call = self._in_call or letter == "["
            if letter.isspace():
                self._put_word()
                self._space(letter)
            else:
                self._word.append((letter, self._in_call))
            self._in_call = self._in_call and letter not in "]\n"

    def _space(self, letter: str) -> None:
        if letter == "\n":
            self._break()
        elif self._column:
            self._put(Text(" "))

    def _put_word(self) -> None:
        word, self._word = _styled(self._word), []
        if self.console.is_terminal and self._column + len(word) >= self.console.width and self._column:
            self._break()
        if word:
            self._said_something = True
            self._put(word)

    def _put(self, text: Text) -> None:
        self.console.print(text, end="", soft_wrap=True)
        self._column += len(text)

    def _break(self) -> None:
        if self._word:
            self._put_word()
        self.console.print()
        self._column = 0

    def _end(self, event: Ended) -> None:
        self._put_word()
        if self._column:
            self._break()
        if not self._said_something and event.why != "interrupted":
            self.note("(The model said nothing.)")
        if event.why in _ENDS:
            self.note(_ENDS[event.why])
        self._in_call = self._said_something = False


def _styled(letters: list[tuple[str, bool]]) -> Text:
    """A word of which the letters within a call stand out."""
    runs = groupby(letters, key=itemgetter(1))
    return Text.assemble(
        *(("".join(letter for letter, _ in run), CALL if call else "") for call, run in runs)
    )


def _shown(result: Result) -> str:
    return f"{result.label}: {result.body}"


def _health(being: Being) -> str:
    if being.health is None:
        return "?"
    return str(being.health) if being.max_health is None else f"{being.health}/{being.max_health}"


_COLUMNS: tuple[tuple[str, Callable[[Being], str]], ...] = (
    ("Health", _health),
    ("Experience", lambda being: str(being.experience)),
    ("Gold", lambda being: str(being.gold or "")),
    ("Inventory", lambda being: ", ".join(item.text for item in being.items)),
    ("Conditions", lambda being: ", ".join(being.conditions)),
    ("Spells", lambda being: ", ".join(being.spells)),
)


def _party_table(state: GameState) -> Table:
    """The party; a column that is empty for everybody is left out."""
    columns = [(title, read) for title, read in _COLUMNS if any(map(read, state.party))]
    table = Table("Name", *(title for title, _ in columns), box=None, pad_edge=False, header_style="bold")
    for being in state.party:
        name = (being.title or being.name) + (" (player)" if being.name == state.player else "")
        table.add_row(Text(name), *(Text(read(being)) for _, read in columns))
    return table
