"""The tools that change one being: health, experience, gold, inventory, condition, spell."""

from __future__ import annotations

from dataclasses import replace

from loresmith.check.items import item_name, read_item
from loresmith.engine.request import Refused, Request
from loresmith.engine.rolls import sum_body
from loresmith.engine.state import Being, GameState, Item

UNKNOWN_HIT_DICE = (2, 8)
"""The dice and sides that a creature's health begins with when no sheet states it: a common foe of low level."""


def execute_health(state: GameState, request: Request) -> tuple[GameState, str]:
    """Change health, within 0 and the maximum; a creature's is rolled when it is first touched."""
    being = request.being(state)
    count, sides = UNKNOWN_HIT_DICE
    before = being.health
    if before is None:
        before = sum(request.dice.randint(1, sides) for _ in range(count))
    amount = int(request.values["amount"])
    after = max(0, before + amount)
    after = after if being.max_health is None else min(after, being.max_health)
    return state.with_being(replace(being, health=after)), sum_body(str(before), ((amount, ""),), after)


def execute_experience(state: GameState, request: Request) -> tuple[GameState, str]:
    """Award experience, or take some; never more than there is."""
    being = request.being(state)
    after, body = _counted(being.experience, request, f"{being.name} has only {being.experience} experience")
    return state.with_being(replace(being, experience=after)), body


def execute_gold(state: GameState, request: Request) -> tuple[GameState, str]:
    """Give gold or take it; never more than there is."""
    being = request.being(state)
    after, body = _counted(being.gold, request, f"{being.name} has only {being.gold} gold")
    return state.with_being(replace(being, gold=after)), body


def _counted(before: int, request: Request, short: str) -> tuple[int, str]:
    amount = int(request.values["amount"])
    if before + amount < 0:
        raise Refused("not enough", short)
    return before + amount, sum_body(str(before), ((amount, ""),), before + amount)


def execute_inventory(state: GameState, request: Request) -> tuple[GameState, str]:
    """Put an item into somebody's inventory or take it out."""
    being, action, written = request.being(state), request.values["action"], request.values["item"]
    key, count = read_item(written)
    if not key or count < 1:
        raise Refused("wrong arguments", f"{written} names no item")
    if action == "add":
        items = _with_item(being, key, Item(key, item_name(written), count))
    elif action == "remove":
        items = _without_item(being, key, written, count)
    else:
        return state, f"{written} {action} done"
    past = "added" if action == "add" else "removed"
    return state.with_being(replace(being, items=items)), f"{written} {past}"


def _with_item(being: Being, key: str, new: Item) -> tuple[Item, ...]:
    if all(item.key != key for item in being.items):
        return (*being.items, new)
    return tuple(Item(key, i.name, i.count + new.count) if i.key == key else i for i in being.items)


def _without_item(being: Being, key: str, written: str, count: int) -> tuple[Item, ...]:
    held = next((item for item in being.items if item.key == key), None)
    if held is None:
        raise Refused("not carried", f"{being.name} doesn't carry {written}")
    if held.count < count:
        raise Refused("not enough", f"{being.name} carries only {held.text}")
    left = (Item(key, i.name, i.count - count) if i is held else i for i in being.items)
    return tuple(item for item in left if item.count > 0)


def execute_condition(state: GameState, request: Request) -> tuple[GameState, str]:
    """Put a condition on somebody or lift it."""
    being, action, condition = request.being(state), request.values["action"], request.values["condition"]
    others = tuple(other for other in being.conditions if other != condition)
    if action == "add":
        return state.with_being(replace(being, conditions=(*others, condition))), f"{condition} added"
    if action == "remove":
        if condition not in being.conditions:
            raise Refused("not so", f"{being.name} isn't {condition}")
        return state.with_being(replace(being, conditions=others)), f"{condition} removed"
    return state, f"{condition} {action} done"


def execute_spell(state: GameState, request: Request) -> tuple[GameState, str]:
    """Let somebody cast a spell; what it does is the DM's to tell and to call."""
    caster, target = request.being(state), request.values.get("target")
    state = state.with_being(caster)
    return state, f"{request.values['spell']} cast" + (f" on {target}" if target else "")
