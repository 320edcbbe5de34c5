"""Values of the party varied: health, armour class and skills, with all that follows from them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from loresmith.augment.exchanges import Answered, Place, answered_calls, with_results, written
from loresmith.augment.spoken import numbers_spoken
from loresmith.check.creatures import name_meant
from loresmith.check.sums import stated_bonuses, stated_skills
from loresmith.engine.reroll import DIE
from loresmith.engine.sheet import ABILITY_OF_SKILL, sheet_of
from loresmith.ir.scenario import Call, DmTurn, Member, Result, Scenario
from loresmith.syntax.results import parse_result
from loresmith.syntax.tree import Range

_HEALTH_SHARE = 10
"""Health moves by a tenth of the maximum at most: who was hardly hurt stays so."""
_BONUS_STEPS = (-2, -1, 1, 2)
_ARMOUR_STEPS = (-2, -1, 1, 2)
_ARMOUR = ("ac", "armor class", "armour class")
_WORN = re.compile(
    r"\b(?:armou?r|brigandine|buckler|\w*mail|cuirass|gambeson|hauberk|hide|jack|leathers?|\w*plate|scale|shield|splint)\b",
    re.IGNORECASE,
)
"""What an armour class rests on, as inventories name it (SRD 5.1, Armor)."""
_OF_ABILITIES = re.compile(r"\b(?:saves?|saving throws?|initiative|attacks?)$")
"""Bonuses that are an ability's modifier with at most the proficiency of the level (SRD 5.1, Using Ability Scores)."""


def vary_party(scenario: Scenario, dice: random.Random) -> Scenario:
    """The scenario with other values in the party's sheets; its ledgers, totals and outcomes stay true.

    A value stays as it is where it, or a number that follows from it, is spoken of; where it follows from an ability
    that the sheet states; where an outcome would turn round; where a roll without a DC or AC rests on it, since the
    story goes on with what that came to; where health changes without a result; and where it can't be told which
    result answers which call.
    """
    answered = answered_calls(scenario)
    if answered is None:
        return scenario
    spoken = numbers_spoken(scenario)
    sheets, changed = list[Member](), dict[Place, Result]()
    for member in scenario.system.party:
        varied = _with_health(scenario, member, answered, spoken, dice, changed)
        varied = _with_skills(scenario, varied, answered, spoken, dice, changed)
        sheets.append(_with_armour(varied, answered, spoken, dice))
    system = scenario.system.model_copy(update={"party": tuple(sheets)})
    return scenario.model_copy(update={"system": system, "turns": with_results(scenario, changed)})


def _with_health(
    scenario: Scenario,
    member: Member,
    answered: Sequence[Answered],
    spoken: set[int],
    dice: random.Random,
    changed: dict[Place, Result],
) -> Member:
    """Health and its maximum moved alike, so that every sum of the member's ledger moves by the same."""
    ledger = [one for one in answered if _is_health_of(one.call, member, scenario)]
    called = [c for c in _calls(scenario) if _is_health_of(c, member, scenario)]
    if len(called) > len(ledger):
        # What a change without a sum came to isn't known; the story may rest on it.
        return member
    told = {member.health, member.max_health} | {
        number for one in ledger for number in (one.sum.terms[0].value, one.sum.total)
    }
    if told & (spoken | {0}) or any(one.sum.terms[0].dice for one in ledger):
        return member
    most = max(1, member.max_health // _HEALTH_SHARE)
    steps = [step for step in range(-most, most + 1) if step and min(told) + step > 0]
    fitting = [step for step in steps if not {number + step for number in told} & spoken]
    if not fitting:
        return member
    step = dice.choice(fitting)
    changed |= {(one.turn, one.part): _moved(one, 0, step) for one in ledger}
    return member.model_copy(update={"health": member.health + step, "max_health": member.max_health + step})


def _calls(scenario: Scenario) -> list[Call]:
    return [
        p for turn in scenario.turns if isinstance(turn, DmTurn) for p in turn.parts if isinstance(p, Call)
    ]


def _is_health_of(call: Call, member: Member, scenario: Scenario) -> bool:
    """Whether a call changes the member's health: by name, as `player`, or because there is nobody else."""
    party = scenario.system.party
    if call.tool != "health":
        return False
    if len(party) == 1 and len(call.arguments) < 2:
        return True
    player = next((m for m in party if m.player), party[0])
    return name_meant(call.arguments[0].value, [m.name for m in party], player.name) == member.name


def _with_skills(
    scenario: Scenario,
    member: Member,
    answered: Sequence[Answered],
    spoken: set[int],
    dice: random.Random,
    changed: dict[Place, Result],
) -> Member:
    stated, scores = stated_skills(scenario.system.party), dict(sheet_of(member).scores)
    details = list(member.details)
    for number, detail in enumerate(details):
        if detail.name.lower() != "skills":
            continue
        text = detail.value
        for name, bonus in stated_bonuses(detail.value):
            if len(stated[name]) > 1 or _follows(name, scores):
                continue
            if step := _step(name, bonus, answered, spoken, dice):
                text = _with_bonus(text, name, bonus, bonus + step)
                rests = [one for one in answered if _what(one) == name]
                changed |= {(one.turn, one.part): _moved(one, _skill_term(one), step) for one in rests}
        details[number] = detail.model_copy(update={"value": text})
    return member.model_copy(update={"details": tuple(details)})


def _follows(name: str, scores: Mapping[str, int]) -> bool:
    """Whether a bonus follows from abilities: a save, initiative or an attack; a skill whose ability the sheet states;
    what may rest on any of them (`thieves' tools`), where it states one."""
    may_be_any = name not in ABILITY_OF_SKILL and bool(scores)
    return may_be_any or ABILITY_OF_SKILL.get(name) in scores or bool(_OF_ABILITIES.search(name))


def _step(
    name: str, bonus: int, answered: Sequence[Answered], spoken: set[int], dice: random.Random
) -> int | None:
    """By how much a skill's bonus may move; None where it must stay."""
    rests = [one for one in answered if _what(one) == name]
    if bonus == 0 or any(_bonus_in(one) != bonus or one.sum.against is None for one in rests):
        return None
    told = {abs(bonus), *(one.sum.total for one in rests)}
    # A bonus keeps its sign: the sum's operator stays.
    fitting = [
        step
        for step in _BONUS_STEPS
        if (bonus + step) * bonus > 0
        and not (told | {abs(bonus + step), *(one.sum.total + step for one in rests)}) & spoken
        and all(_holds(one, step) for one in rests)
    ]
    return dice.choice(fitting) if fitting else None


def _what(one: Answered) -> str | None:
    """What a roll is for, as sheets name it; None for another tool."""
    return one.call.arguments[0].value.lower().replace("_", " ") if one.call.tool == "roll" else None


def _skill_term(one: Answered) -> int:
    """Which term of a sum is marked `(skill)`; 0, the die, where not exactly one is."""
    marked = [n for n, term in enumerate(one.sum.terms) if (term.source or "").lower() == "skill"]
    return marked[0] if len(marked) == 1 else 0


def _bonus_in(one: Answered) -> int | None:
    term = one.sum.terms[number] if (number := _skill_term(one)) else None
    return term.sign * term.value if term and not term.dice else None


def _holds(one: Answered, step: int) -> bool:
    """Whether the outcome stays true: an attack's natural 20 hits and a natural 1 misses whatever the total."""
    against, natural = one.sum.against, one.sum.terms[0].value
    if against is None or (_what(one) == "attack" and natural in (1, DIE)):
        return against is not None
    return (one.sum.total >= against) == (one.sum.total + step >= against)


def _with_armour(
    member: Member, answered: Sequence[Answered], spoken: set[int], dice: random.Random
) -> Member:
    """Another armour class, where no roll was held against it and the member has neither armour, in the inventory or
    behind the number, nor a dexterity on the sheet: those would contradict it."""
    if "dexterity" in dict(sheet_of(member).scores) or any(_WORN.search(item) for item in member.inventory):
        return member
    held = spoken | {one.sum.against for one in answered}
    details = list(member.details)
    for number, detail in enumerate(details):
        value = re.fullmatch(r"\d+", detail.value)
        if detail.name.lower() in _ARMOUR and value and int(value[0]) not in held:
            fitting = [n for step in _ARMOUR_STEPS if (n := int(value[0]) + step) not in held and n > 0]
            if fitting:
                details[number] = detail.model_copy(update={"value": str(dice.choice(fitting))})
    return member.model_copy(update={"details": tuple(details)})


def _moved(one: Answered, number: int, step: int) -> Result:
    """The result with one term and the total moved by a step."""
    text, term = written(one.result), one.sum.terms[number]
    places = [(one.sum.total_range, one.sum.total + step), (term.range, abs(term.sign * term.value + step))]
    for place, value in sorted(places, key=lambda change: change[0].start, reverse=True):
        text = _with_number(text, place, value)
    read = parse_result(text, 0)
    return one.result.model_copy(update={"body": read.body, "total": read.sum.total if read.sum else None})


def _with_number(text: str, place: Range, number: int) -> str:
    inside = re.sub(r"-?\d+", str(number), text[place.start : place.end], count=1)
    return text[: place.start] + inside + text[place.end :]


def _with_bonus(text: str, name: str, old: int, new: int) -> str:
    """A Skills entry with another bonus for one skill."""
    words: Iterable[str] = (re.escape(word) for word in name.split())
    pattern = re.compile(
        rf"(?<![A-Za-z' _])(\s*{'[ _]+'.join(words)}\s*:?\s*){re.escape(f'{old:+d}')}(?!\d)", re.I
    )
    return pattern.sub(lambda match: f"{match[1]}{new:+d}", text, count=1)
