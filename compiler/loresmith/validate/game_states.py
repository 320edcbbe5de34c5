"""The state of the game before each DM message of a scenario's true history, for the engine to try an answer on."""

from __future__ import annotations

import random

from loresmith.engine.request import Refusal, Rules
from loresmith.engine.state import GameState, state_of
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.lower.conversation import lower_scenario
from loresmith.play.game import carried_out


def states_before(scenario: Scenario, vocabulary: Vocabulary) -> list[GameState]:
    """The states before the DM messages of the lowered scenario, in order: its own calls are carried out, what is told
    is heard."""
    state, states = state_of(scenario.system), list[GameState]()
    for message in lower_scenario(scenario, vocabulary).messages[1:]:
        if message.role == "user":
            state = state.hearing(message.content)
        else:
            states.append(state)
            state = carried_out(message.content, state, _dice(), Rules(vocabulary)).state
    return states


def refusals_of(text: str, state: GameState, vocabulary: Vocabulary) -> tuple[Refusal, ...]:
    """The calls in a text that the engine doesn't carry out in a state, each after those before it."""
    outcomes = carried_out(text, state, _dice(), Rules(vocabulary)).outcomes
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Refusal))


def _dice() -> random.Random:
    """What falls changes no refusal but where a creature's unknown health does, so that it always falls alike."""
    return random.Random(0)
