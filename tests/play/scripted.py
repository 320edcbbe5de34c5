"""A session that says what a test wrote for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from loresmith.check.file import compile_source
from loresmith.families.family import family_named
from loresmith.generate.sampling import Sampling
from loresmith.generate.session import End, PromptTooLong
from loresmith.ir.scenario import Scenario
from loresmith.ir.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
PARTY = Path(__file__).parent.parent / "engine" / "cases" / "party.md"


class ScriptedSession:
    """Gives the answers in order, letter by letter; keeps the prompts and seeds that it was given.

    `room` is the longest prompt in characters, `at` is called before the letter with that number, `end` is why each
    answer ends.
    """

    def __init__(self, *answers: str, room: int = 1_000_000, end: End = "turn") -> None:
        self.family = family_named("gemma3")
        self.context = room
        self.ended: End = end
        self.prompts: list[str] = []
        self.seeds: list[int] = []
        self.at: dict[int, Callable[[], None]] = {}
        self._answers = list(answers)
        self._stopped = False
        self._end: End = end

    def reply(self, prompt: str, sampling: Sampling, seed: int) -> Iterator[str]:
        """The next answer."""
        if len(prompt) > self.context:
            raise PromptTooLong(len(prompt))
        self.prompts.append(prompt)
        self.seeds.append(seed)
        self._stopped = False
        for number, letter in enumerate(self._answers.pop(0)):
            self.at.get(number, lambda: None)()
            if self._stopped:
                self.ended = "interrupted"
                return
            yield letter
        self.ended = self._end

    def stop(self) -> None:
        """End the answer."""
        self._stopped = True


def party_scenario() -> Scenario:
    """The scenario of the engine's cases: the player begins."""
    scenario = compile_source("scenarios/combat/party.md", PARTY.read_bytes(), VOCABULARY).scenario
    assert scenario is not None
    return scenario
