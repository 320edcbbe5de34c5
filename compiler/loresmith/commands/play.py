"""`loresmith play`."""

from __future__ import annotations

import secrets
from pathlib import Path

from loresmith.deliver.chosen import chosen_model_file
from loresmith.deliver.versions import read_metadata
from loresmith.diagnostics.failure import INTERRUPTED, InvalidCall
from loresmith.ir.numbers import MOST
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.recipe.schema import Data

LEAST_CONTEXT = 512
"""The shortest context that the app offers, in tokens."""


def play_with(
    model: str | None,
    root: Path,
    scenario: Path | None,
    *,
    seed: int | None,
    difficulty: int | None,
    greedy: bool,
    context: int,
) -> int:
    """Let a person play with a model until they leave; gives exit code 0."""
    from rich.console import Console

    from loresmith.engine.request import Rules
    from loresmith.generate.sampling import GREEDY, Sampling
    from loresmith.generate.session import open_session
    from loresmith.play.game import Game
    from loresmith.play.scene import chosen_scenario
    from loresmith.play.screen import Screen
    from loresmith.play.terminal import play, prepare_input

    _require_playable(context, difficulty)
    file = chosen_model_file(model, root / "ai-training" / "models")
    vocabulary = load_vocabulary(root / _tools_of(file))
    begun = chosen_scenario(scenario, root, vocabulary)
    seed = secrets.randbelow(10**6) if seed is None else seed
    prepare_input()
    screen = Screen(Console(highlight=False))
    screen.note(f"{file.name}, {begun.id}, seed {seed}. /help shows the commands.")
    try:
        with open_session(file, context) as session:
            game = Game(begun, session, Rules(vocabulary, difficulty), GREEDY if greedy else Sampling(), seed)
            play(game, screen, root)
    except KeyboardInterrupt:
        print()
        # A game isn't a build that goes on where it was, so the entry point has nothing to say about it.
        raise SystemExit(INTERRUPTED) from None
    return 0


def _tools_of(file: Path) -> Path:
    """The tools file that a delivered version was trained with; of a file from elsewhere nobody knows."""
    try:
        return Path(read_metadata(file.parent)["recipe"]["data"]["tools"])
    except (KeyError, TypeError):
        return Path(Data().tools)


def _require_playable(context: int, difficulty: int | None) -> None:
    if context < LEAST_CONTEXT:
        raise InvalidCall(f"A context of {context} tokens is too short.", remedy=f"Least: {LEAST_CONTEXT}.")
    if difficulty is not None and not 0 <= difficulty <= MOST:
        raise InvalidCall(f"There is no DC of {difficulty}.", remedy=f"Name one from 0 to {MOST}.")
