"""What a player can ask for besides playing: the commands that begin with a slash."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loresmith.check.file import compile_source
from loresmith.diagnostics.failure import Failure, InvalidCall
from loresmith.diagnostics.rendering import render_text
from loresmith.play.game import Game
from loresmith.play.scenario_file import scenario_text
from loresmith.play.screen import Screen
from loresmith.store.files import write_atomically

FOLDER = Path("ai-training/played")
HELP = {
    "/undo": "take your last turn back",
    "/retry": "let the model answer your last turn again",
    "/state": "show the party",
    "/save [FILE]": "save the game as a scenario file",
    "/help": "show this",
    "/quit": "leave (also Ctrl-D)",
}


@dataclass
class Asked:
    """What a line asks of the loop: to play these words, to answer the last ones again, or to leave."""

    said: str | None = None
    retry: bool = False
    leave: bool = False


class Commands:
    """Carries out the commands of one game; games are saved below `root`."""

    def __init__(self, game: Game, screen: Screen, root: Path) -> None:
        self.game = game
        self.screen = screen
        self.root = root
        self._written: set[Path] = set()

    def run(self, line: str) -> Asked:
        """Carry out a line that begins with a slash. Raises a Failure where that can't be done."""
        name, _, rest = line.partition(" ")
        known: dict[str, Callable[[str], Asked]] = {
            "/undo": self._undo,
            "/retry": self._retry,
            "/state": self._state,
            "/save": self._save,
            "/help": self._help,
            "/quit": lambda _: Asked(leave=True),
        }
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]}?" if close else "See: /help"
            raise InvalidCall(f"There is no command {name}.", remedy=hint)
        return known[name](rest.strip())

    def _undo(self, _rest: str) -> Asked:
        said = self.game.undo()
        self.screen.note("There is nothing to take back." if said is None else f"Taken back: {said}")
        return Asked()

    def _retry(self, _rest: str) -> Asked:
        if not self.game.can_go_back:
            self.screen.note("There is nothing to answer again.")
        return Asked(retry=self.game.can_go_back)

    def _state(self, _rest: str) -> Asked:
        self.screen.table(self.game.moment.state)
        return Asked()

    def _help(self, _rest: str) -> Asked:
        for command, meaning in HELP.items():
            self.screen.note(f"  {command:<14}{meaning}")
        return Asked()

    def _save(self, rest: str) -> Asked:
        """Write the game; what lint finds in it is shown."""
        path = self._named_path(rest) if rest else self._free_path()
        if _is_there(path) and path not in self._written:
            raise InvalidCall("This file is there already; name another.", where=str(path))
        played = self.game.played()
        if not played.turns:
            raise InvalidCall("There is nothing to save yet.")
        vocabulary = self.game.rules.vocabulary
        shown = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
        text = scenario_text(played, shown, vocabulary)
        write_atomically(path, text)
        self._written.add(path)
        found = compile_source(shown, text.encode(), vocabulary).findings
        self.screen.note(f"Saved {shown}; lint finds {len(found) or 'nothing'}.")
        if found:
            self.screen.note(render_text(found, {shown: text}))
        return Asked()

    def _named_path(self, name: str) -> Path:
        """The file that a name means from the root; `~` is the home folder. Raises InvalidCall where there is none."""
        try:
            return self.root / Path(name).expanduser()
        except RuntimeError as error:
            raise InvalidCall(f"No file can be written there: {error}", where=name) from error

    def _free_path(self) -> Path:
        """The first free name for this scenario."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(self.game.scenario.id).name).strip("-") or "game"
        number = 1
        while (path := self.root / FOLDER / f"{stem}-{number}.md").exists():
            number += 1
        return path


def _is_there(path: Path) -> bool:
    """Whether there is such a file; raises InvalidCall for a path that can't be one, or may not be looked at."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidCall(f"No file can be written there: {why}.", where=repr(str(path))) from error
    return True


def shown_failure(failure: Failure) -> str:
    """A failure within a game, in one or two lines."""
    lines = [f"{failure.where}: {failure.message}" if failure.where else failure.message]
    return "\n".join([*lines, failure.remedy] if failure.remedy else lines)
