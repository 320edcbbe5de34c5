"""Free play: the model goes on from its own words while the engine answers its calls with seeded dice.

The player says what the player of the scenario says, whatever the model made of it before.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from loresmith.check.replies import MOST_CHARACTERS
from loresmith.emit.gbnf import emit_gbnf
from loresmith.emit.party import UNKNOWN_PARTY, Party
from loresmith.engine.request import Refusal, Rules
from loresmith.generate.sampling import GREEDY, Sampling
from loresmith.generate.session import Session, open_session
from loresmith.ir.scenario import Result, Scenario, UserTurn
from loresmith.ir.vocabulary import Vocabulary
from loresmith.play.game import ContextFull, Ended, Game, Told, opening_of
from loresmith.play.scenario_file import turn_text
from loresmith.validate.intervals import Interval, interval, share
from loresmith.validate.metrics import says_again, shown
from loresmith.validate.score import distinct

DIFFICULTY = 13
"""What every check is held against, so that successes and failures come about equally often."""


class PlayedMessage(BaseModel):
    """One message of the model. `carried_out` counts its calls that the engine did, `refused` says why the others
    weren't done; `too_long`: the app doesn't show it all; `again`: it says again what a message before it said;
    `forgotten`: its prompt was without the oldest turns, for which the context had no room."""

    model_config = ConfigDict(frozen=True)

    scenario: str
    text: str
    ended: bool
    too_long: bool
    again: bool
    forgotten: bool
    carried_out: int = 0
    refused: tuple[str, ...] = ()


class PlayedGame(BaseModel):
    """One scenario, played: what the model said, and how many of the player's turns the context had no room for."""

    model_config = ConfigDict(frozen=True)

    messages: tuple[PlayedMessage, ...]
    unplayed: int = 0


class FreePlay(BaseModel):
    """Shares of messages between 0 and 1, with their 95% intervals; None where there was nothing to judge.

    `refusals` counts the refused calls by the engine's reason, `forgotten` the messages whose prompt was without the
    oldest turns, `unplayed` the player's turns that a full context left no room for. `distinct_1` and `distinct_2` are
    as in the scores of the true history.
    """

    model_config = ConfigDict(frozen=True)

    scenarios: int
    messages: int
    calls: int
    called: float | None
    parsed: float | None
    done: float | None
    ended: float | None
    too_long: float | None
    again: float | None
    distinct_1: float | None
    distinct_2: float | None
    intervals: dict[str, Interval | None]
    refusals: dict[str, int]
    forgotten: int
    unplayed: int


_UNUSABLE = {"malformed", "unknown tool", "wrong arguments"}
"""Refusals of what isn't a call of the vocabulary, whatever the state of the game."""
_QUESTIONS: dict[str, Callable[[PlayedMessage], bool | None]] = {
    "called": lambda m: bool(m.carried_out or m.refused),
    "parsed": lambda m: not _UNUSABLE & set(m.refused) if m.carried_out or m.refused else None,
    "done": lambda m: not m.refused if m.carried_out or m.refused else None,
    "ended": lambda m: m.ended,
    "too_long": lambda m: m.too_long,
    "again": lambda m: m.again,
}
LABELS = {
    "called": "has a call",
    "parsed": "has only calls that parse",
    "done": "has only calls that could be carried out",
    "ended": "stops by itself",
    "too_long": "is longer than the app shows",
    "again": "repeats itself",
}


def play_freely(
    model: Path,
    scenarios: Sequence[Scenario],
    vocabulary: Vocabulary,
    seed: int,
    context: int,
    max_new_tokens: int,
    report: Callable[[float], None],
    *,
    constrained: bool,
    most_characters: int = MOST_CHARACTERS,
) -> FreePlay:
    """Play every scenario through with a model file, greedily; the same seed gives the same dice. `constrained`: it may
    only make calls of the vocabulary. The app shows `most_characters` of a message.

    Raises InvalidCall when there is no such file, Rejected when it isn't a model that was built for this.
    """
    grammar = emit_gbnf(vocabulary, Party(size=UNKNOWN_PARTY)) if constrained else None
    sampling = GREEDY.model_copy(update={"max_new_tokens": max_new_tokens, "grammar": grammar})
    games = list[PlayedGame]()
    with open_session(model, context) as session:
        for number, scenario in enumerate(scenarios):
            games.append(played(session, scenario, vocabulary, seed, sampling, most_characters))
            report((number + 1) / len(scenarios))
    return free_play_of(games)


def played(
    session: Session,
    scenario: Scenario,
    vocabulary: Vocabulary,
    seed: int,
    sampling: Sampling,
    most_characters: int = MOST_CHARACTERS,
) -> PlayedGame:
    """What the model says in one scenario, message by message, up to where the context is full."""
    own = int.from_bytes(hashlib.sha256(f"{seed} {scenario.id}".encode()).digest()[:4])
    game = Game(scenario, session, Rules(vocabulary, DIFFICULTY), sampling, own)
    messages = list[PlayedMessage]()
    said = [turn.text for turn in scenario.turns if isinstance(turn, UserTurn)]
    for number, text in enumerate(said):
        try:
            _answer(game, text, messages, most_characters)
        except ContextFull:
            return PlayedGame(messages=tuple(messages), unplayed=len(said) - number)
    return PlayedGame(messages=tuple(messages))


def _answer(game: Game, said: str, messages: list[PlayedMessage], most_characters: int) -> None:
    """Add the messages with which the model answers the player."""
    text = ""
    for event in game.answer(said):
        if isinstance(event, Told):
            text += event.text
        elif isinstance(event, Ended):
            opening = [turn_text(turn) for turn in opening_of(game.scenario)]
            before = [*opening, *(m.text for m in messages if m.scenario == game.scenario.id)]
            messages.append(
                PlayedMessage(
                    scenario=game.scenario.id,
                    text=text,
                    ended=event.why == "turn",
                    too_long=len(shown(text)) > most_characters,
                    again=says_again(text, before),
                    forgotten=game.forgotten > 0,
                )
            )
            text = ""
        elif isinstance(event, Result | Refusal):
            messages[-1] = _with_outcome(messages[-1], event)


def _with_outcome(message: PlayedMessage, outcome: Result | Refusal) -> PlayedMessage:
    if isinstance(outcome, Refusal):
        return message.model_copy(update={"refused": (*message.refused, outcome.kind)})
    return message.model_copy(update={"carried_out": message.carried_out + 1})


def free_play_of(games: Sequence[PlayedGame]) -> FreePlay:
    """The shares over all messages of all games."""
    messages = [message for game in games for message in game.messages]
    counts = {key: _counts(messages, question) for key, question in _QUESTIONS.items()}
    refusals = Counter(kind for message in messages for kind in message.refused)
    return FreePlay(
        scenarios=len(games),
        messages=len(messages),
        calls=sum(message.carried_out + len(message.refused) for message in messages),
        **{key: share(part) for key, part in counts.items()},
        intervals={key: interval(part) for key, part in counts.items()},
        distinct_1=distinct([message.text for message in messages], 1),
        distinct_2=distinct([message.text for message in messages], 2),
        refusals=dict(sorted(refusals.items())),
        forgotten=sum(message.forgotten for message in messages),
        unplayed=sum(game.unplayed for game in games),
    )


def _counts(
    messages: Sequence[PlayedMessage], question: Callable[[PlayedMessage], bool | None]
) -> dict[str, tuple[int, int]]:
    counts = dict[str, tuple[int, int]]()
    for message in messages:
        says = question(message)
        yes, of = counts.get(message.scenario, (0, 0))
        counts[message.scenario] = (yes + bool(says), of + (says is not None))
    return counts
