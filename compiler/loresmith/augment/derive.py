"""Derived scenarios: each of the train split's gets copies that a pass has changed and the checker has accepted."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence

from loresmith.augment.dialogue import cut_to_dialogue
from loresmith.augment.dice import reroll_dice
from loresmith.augment.names import swap_names
from loresmith.augment.party import vary_party
from loresmith.check.file import Compiled, compile_source
from loresmith.check.replies import MOST_CHARACTERS
from loresmith.format.scenario import write_scenario
from loresmith.ir.scenario import DERIVED_ID, Scenario
from loresmith.ir.vocabulary import Vocabulary
from loresmith.recipe.schema import Augment

Pass = Callable[[Scenario, random.Random], Scenario]
PASSES: dict[str, Pass] = {
    "dialogue": cut_to_dialogue,
    "names": swap_names,
    "party": vary_party,
    "dice": reroll_dice,
}


def derived(
    scenarios: Sequence[Scenario],
    asked: Augment,
    vocabulary: Vocabulary,
    most_characters: int = MOST_CHARACTERS,
) -> list[Scenario]:
    """The scenarios derived from those of the train split, in order; the same recipe gives the same ones.

    A copy that nothing could be changed in, that is the same as one before it, or that the checker finds anything in,
    is left out; the app shows `most_characters` of a reply.
    """
    trained_on = (scenario for scenario in scenarios if scenario.split == "train")
    return [c for one in trained_on for c in _copies(one, asked, vocabulary, most_characters)]


def _copies(
    scenario: Scenario, asked: Augment, vocabulary: Vocabulary, most_characters: int
) -> list[Scenario]:
    copies = dict[Scenario, Scenario]()
    for number in range(1, asked.copies + 1):
        if copy := derive(scenario, number, asked, vocabulary, most_characters):
            copies.setdefault(copy.model_copy(update={"id": scenario.id}), copy)
    return list(copies.values())


def derive(
    scenario: Scenario,
    number: int,
    asked: Augment,
    vocabulary: Vocabulary,
    most_characters: int = MOST_CHARACTERS,
) -> Scenario | None:
    """Copy `number` of a scenario, None where it wouldn't be a true one."""
    made = scenario
    for name in asked.passes_of(number):
        seed = hashlib.sha256(f"{asked.seed}/{scenario.id}/{number}/{name}".encode()).digest()
        made = PASSES[name](made, random.Random(seed))
    if made == scenario:
        return None
    # Under the parent's id: the checker refuses a derived one in a file.
    compiled = _written(made, vocabulary, most_characters)
    if compiled.scenario is None:
        return None
    # What the author has silenced comes back where the comment doesn't: the parent's own form has it too.
    if found := _codes(compiled):
        found -= _codes(_written(scenario, vocabulary, most_characters))
    return None if found else compiled.scenario.model_copy(update={"id": f"{scenario.id}~{number}"})


def _written(scenario: Scenario, vocabulary: Vocabulary, most_characters: int) -> Compiled:
    text = write_scenario(scenario, vocabulary)
    return compile_source(scenario.path, text.encode(), vocabulary, most_characters)


def _codes(compiled: Compiled) -> Counter[str]:
    return Counter(finding.code for finding in compiled.findings)


def parent_of(scenario_id: str) -> str | None:
    """The id of the scenario that one was derived from; None for a written one."""
    match = DERIVED_ID.fullmatch(scenario_id)
    return match[1] if match else None
