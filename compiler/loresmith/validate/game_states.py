"""The state of the game before each DM message of a scenario's true history, for the engine to try an answer on."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from loresmith.engine.request import Refusal, Rules
from loresmith.engine.state import GameState, state_of
from loresmith.ir.arguments import assign_arguments
from loresmith.ir.scenario import Call, Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.lower.conversation import lower_scenario
from loresmith.play.game import carried_out
from loresmith.syntax.calls import canonical_call, find_calls
from loresmith.syntax.results import parse_result

LEDGERS = ("health", "gold", "experience")
"""The tools whose results say how much somebody has; the state has a field of the same name."""
_RESULT = re.compile(r"<TOOLCALL>(.*?)</TOOLCALL>", re.DOTALL)


def states_before(scenario: Scenario, vocabulary: Vocabulary) -> list[GameState]:
    """The states before the DM messages of the lowered scenario, in order: its own calls are carried out, what its
    results say counts, and what is told is heard. A call waits for its result until the player speaks."""
    state, states, waiting = state_of(scenario.system), list[GameState](), list[Call]()
    for message in lower_scenario(scenario, vocabulary).messages[1:]:
        if message.role == "user":
            state = _with_results(state, waiting, message.content, vocabulary).hearing(message.content)
            if _RESULT.sub("", message.content).strip():
                waiting = []
        else:
            states.append(state)
            state = carried_out(message.content, state, _dice(), Rules(vocabulary)).state
            waiting += _ledger_calls(message.content, vocabulary)
    return states


def refusals_of(text: str, state: GameState, vocabulary: Vocabulary) -> tuple[Refusal, ...]:
    """The calls in a text that the engine doesn't carry out in a state, each after those before it."""
    outcomes = carried_out(text, state, _dice(), Rules(vocabulary)).outcomes
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Refusal))


def _ledger_calls(text: str, vocabulary: Vocabulary) -> list[Call]:
    found = (canonical_call(call.text, vocabulary) for call in find_calls(text))
    return [call for call in found if call and call.tool in LEDGERS]


def _with_results(state: GameState, waiting: list[Call], told: str, vocabulary: Vocabulary) -> GameState:
    """The state after the results in a text; each belongs to the first call that has its label, and takes it from
    `waiting`."""
    for found in _RESULT.findall(told):
        result = parse_result(found, 0)
        tool = vocabulary.tool(result.label)
        named = (call for call in waiting if call.is_named(result.label) or (tool and tool.name == call.tool))
        if result.sum and (call := next(named, None)):
            waiting.remove(call)
            state = _with_total(state, call, result.sum.total, vocabulary)
    return state


def _with_total(state: GameState, call: Call, total: int, vocabulary: Vocabulary) -> GameState:
    tool = vocabulary.tool(call.tool)
    assigned = assign_arguments(tool, call.arguments) if tool else None
    name = next((a.value for p, a in assigned or () if p.name == "name"), "player")
    being = state.named(name)
    return state.with_being(replace(being, **{call.tool: total})) if being else state


def _dice() -> random.Random:
    """What falls changes no refusal but where a creature's unknown health does, so that it always falls alike."""
    return random.Random(0)
