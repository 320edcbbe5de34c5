"""The course of a game: what the player says, what the model answers, what its calls do."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from loresmith.diagnostics.failure import Rejected
from loresmith.engine.execute import execute_written
from loresmith.engine.request import NOWHERE, Refusal, Rules
from loresmith.engine.state import GameState, state_of
from loresmith.generate.sampling import Sampling
from loresmith.generate.session import End, PromptTooLong, Session
from loresmith.ir.scenario import DmTurn, Part, Result, Scenario, Text, Turn, UserTurn
from loresmith.lower.conversation import lower_scenario
from loresmith.play.scenario_file import plain, turn_text
from loresmith.render.prompt import render_prompt
from loresmith.syntax.calls import find_calls

MOST_STEPS = 4
"""How many messages one reply may have: the model goes on after each whose calls were answered."""
RESULT = "<TOOLCALL>"
"""A model that begins a result of its own is stopped there: results are the engine's."""


class ContextFull(Rejected):
    """What is asked doesn't fit into the model's context, however much is left out."""


@dataclass(frozen=True)
class Told:
    """A piece of what the model says."""

    text: str


@dataclass(frozen=True)
class Ended:
    """One message of the model ended."""

    why: End


@dataclass(frozen=True)
class Forgotten:
    """So many of the player's first turns don't fit into the context any more."""

    turns: int


Event = Told | Ended | Forgotten | Result | Refusal


@dataclass(frozen=True)
class Step:
    """One message with its calls carried out: `seen` by the model from now on, `kept` when the game is saved."""

    seen: tuple[Part, ...]
    kept: tuple[Part, ...]
    outcomes: tuple[Result | Refusal, ...]
    state: GameState


@dataclass(frozen=True)
class Moment:
    """A game between two turns: what the model sees of it, what is saved of it, the state."""

    seen: tuple[Turn, ...]
    kept: tuple[Turn, ...]
    state: GameState


class Game:
    """One game. `moment` is where it stands; the same `seed` and the same words make the same game."""

    def __init__(
        self, scenario: Scenario, session: Session, rules: Rules, sampling: Sampling, seed: int
    ) -> None:
        opening = opening_of(scenario)
        state = state_of(scenario.system)
        for turn in opening:
            state = state.hearing(turn_text(turn))
        self.scenario = scenario
        self.session = session
        self.rules = rules
        self.sampling = sampling.model_copy(update={"stops": (*sampling.stops, RESULT)})
        self.moment = Moment(opening, opening, state)
        self._dice = random.Random(seed)
        self._seed = seed
        self._past: list[Moment] = []
        self._forgotten = 0
        self._stopped = False

    def answer(self, said: str) -> Iterator[Event]:
        """The model's reply to the player with what its calls did; when it has run out, the game stands after it.

        Raises ContextFull where what was said doesn't fit into the context, and Rejected when llama.cpp fails; the game
        stands where it did.
        """
        before = self.moment
        yield from self._turn(before, said)
        self._past.append(before)

    def answer_again(self) -> Iterator[Event]:
        """Another reply to the player's last words in place of the last one, which stays where `answer` would raise."""
        yield from self._turn(self._past[-1], self._last_said())

    @property
    def forgotten(self) -> int:
        """How many of the player's first turns the last prompt was without."""
        return self._forgotten

    @property
    def can_go_back(self) -> bool:
        """Whether the player has said anything that the model answered."""
        return bool(self._past)

    def _turn(self, before: Moment, said: str) -> Iterator[Event]:
        """Play one turn from a moment on; the game then stands behind it."""
        user, self._stopped = UserTurn(text=said, span=NOWHERE), False
        state, seen, kept = before.state.hearing(plain(said)), list[Part](), list[Part]()
        for _ in range(MOST_STEPS):
            text = ""
            try:
                for event in self._message((*before.seen, user), seen):
                    text += event.text if isinstance(event, Told) else ""
                    yield event
            except ContextFull:
                # What was told and carried out so far is a reply as well; only its end finds no room.
                if not seen:
                    raise
                break
            step = carried_out(text, state, self._dice, self.rules)
            state = step.state
            seen += step.seen
            kept += step.kept
            yield from step.outcomes
            if self._stopped or not step.outcomes:
                break
        self.moment = _after(before, user, seen, kept, state)

    def undo(self) -> str | None:
        """Go one player turn back, the state with it; gives what the player had said, None at the beginning."""
        if not self._past:
            return None
        said = self._last_said()
        self.moment = self._past.pop()
        return said

    def _last_said(self) -> str:
        return next(turn.text for turn in reversed(self.moment.seen) if isinstance(turn, UserTurn))

    def stop(self) -> None:
        """End the reply that is being given."""
        self._stopped = True
        self.session.stop()

    def played(self) -> Scenario:
        """The game as a scenario: without refused calls, and without replies that had nothing else."""
        return self.scenario.model_copy(update={"turns": self.moment.kept})

    def _message(self, turns: Sequence[Turn], reply: Sequence[Part]) -> Iterator[Event]:
        """One message of the model; the oldest turns are left out of its prompt where the context is too short."""
        self._seed += 1
        forgotten = 0
        while True:
            pieces = self.session.reply(self._prompt(turns, reply), self.sampling, self._seed)
            try:
                first = next(pieces, "")
                break
            except PromptTooLong as error:
                turns, forgotten = _without_oldest(turns, error, self.session.context), forgotten + 1
        if forgotten > self._forgotten:
            yield Forgotten(forgotten)
        self._forgotten = forgotten
        yield Told(first)
        yield from map(Told, pieces)
        yield Ended(self.session.ended)

    def _prompt(self, turns: Sequence[Turn], reply: Sequence[Part]) -> str:
        """The prompt as training has it: the reply so far, its results on the user's side."""
        whole = (*turns, _reply(reply)) if reply else tuple(turns)
        lowered = lower_scenario(self.scenario.model_copy(update={"turns": whole}), self.rules.vocabulary)
        return render_prompt(self.session.family, lowered.messages, reply_next=True)


def opening_of(scenario: Scenario) -> tuple[Turn, ...]:
    """The words with which the DM opens a scenario, up to the first call; nothing where the player begins."""
    first = scenario.turns[0]
    if isinstance(first, UserTurn):
        return ()
    end = next((n for n, part in enumerate(first.parts) if not isinstance(part, Text)), len(first.parts))
    opening = _reply(first.parts[:end])
    return (opening,) if turn_text(opening) else ()


def carried_out(text: str, state: GameState, dice: random.Random, rules: Rules) -> Step:
    """A message with its calls carried out in order, after all that it tells was heard as a saved file tells it."""
    seen, kept, outcomes = list[Part](), list[Part](), list[Result | Refusal]()
    found = find_calls(text)
    starts = [call.end for call in found]
    told = zip((0, *starts), (*(call.start for call in found), len(text)), strict=True)
    narration = [Text(text=text[start:end], span=NOWHERE) for start, end in told]
    state = state.hearing(" ".join(plain(part.text) for part in narration))
    for words, written in zip(narration, found, strict=False):
        state, call, outcome = execute_written(state, written.text, dice, rules)
        made = None if isinstance(outcome, Refusal) else call
        seen += [words, made or Text(text=written.text, span=NOWHERE)]
        kept += [words, made] if made else [words]
        outcomes.append(outcome)
    return Step(
        seen=(*seen, narration[-1], *(o.result if isinstance(o, Refusal) else o for o in outcomes)),
        kept=(*kept, narration[-1], *(o for o in outcomes if isinstance(o, Result))),
        outcomes=tuple(outcomes),
        state=state,
    )


def _reply(parts: Sequence[Part]) -> DmTurn:
    return DmTurn(parts=tuple(parts), span=NOWHERE)


def _after(
    before: Moment, user: UserTurn, seen: Sequence[Part], kept: Sequence[Part], state: GameState
) -> Moment:
    """The moment behind a turn. A reply with nothing that can be saved is left out with what it answers, and the saved
    game has then met nobody in it."""
    exchange = (user, _reply(kept)) if turn_text(_reply(kept)) else ()
    told = state.told if exchange else before.state.told
    return Moment((*before.seen, user, _reply(seen)), (*before.kept, *exchange), replace(state, told=told))


def _without_oldest(turns: Sequence[Turn], error: PromptTooLong, context: int) -> Sequence[Turn]:
    """The turns from the player's second one on. Raises ContextFull where there is none."""
    later = (number for number, turn in enumerate(turns) if number and isinstance(turn, UserTurn))
    start = next(later, None)
    if start is None:
        raise ContextFull(
            f"The scene and what you said are {error.tokens} tokens; with the answer that is more than the "
            f"context of {context}.",
            remedy="Say less, or give the model more room with --context.",
        )
    return turns[start:]
