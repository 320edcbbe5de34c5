"""The tools that change the party as a whole: rest, move, party, quest."""

from __future__ import annotations

from dataclasses import replace

from loresmith.engine.request import Refused, Request
from loresmith.engine.state import Being, GameState, Quest

_STAGES = {"start": "started", "advance": "advanced", "complete": "completed"}


def execute_rest(state: GameState, request: Request) -> tuple[GameState, str]:
    """Let the party rest. A long rest restores the maximum; what a short one restores is the DM's to call."""
    kind = request.values["kind"]
    if kind == "long":
        beings = (replace(b, health=b.max_health) if b.max_health else b for b in state.beings)
        state = replace(state, beings=tuple(beings))
    return state, f"{kind} rest taken"


def execute_move(state: GameState, request: Request) -> tuple[GameState, str]:
    """Let the party go somewhere."""
    place = request.values["location"]
    return replace(state, place=place), f"arrived at {place}"


def execute_party(state: GameState, request: Request) -> tuple[GameState, str]:
    """Let somebody join the party or leave it; who joins has been met."""
    action, name = request.values["action"], request.values["name"]
    meant = state.meant_by(name)
    being = next((being for being in state.beings if being.name == meant), Being(meant))
    if action not in ("add", "remove"):
        return state, f"{name} {action} done"
    if being.companion == (action == "add"):
        raise Refused("not so", f"{name} is {'already' if being.companion else 'not'} in the party")
    title = being.title or ("" if being.listed else name)
    joined = replace(being, companion=action == "add", title=title)
    state = state.hearing(f"{action} {name}").with_being(joined)
    return state, f"{name} {'joined' if action == 'add' else 'left'}"


def execute_quest(state: GameState, request: Request) -> tuple[GameState, str]:
    """Let a quest start, advance or be completed. One that began before the scene needs no start."""
    action, name = request.values["action"], request.values["quest"]
    stage = _STAGES.get(action, f"{action} done")
    return state.with_quest(Quest(name, stage)), f"{name} {stage}"
