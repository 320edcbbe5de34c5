"""What models are asked by `eval` and `bench`: the prompts of a split or of other scenarios, with or without the
grammar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.commands.other_scenarios import other_scenarios
from loresmith.dataset.build import first_by_hash
from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.ir.scenario import Scenario
from loresmith.lower.conversation import lower_scenario
from loresmith.pipeline.project import Project
from loresmith.pipeline.sources import compile_sources, read_sources
from loresmith.pipeline.stage import Watcher
from loresmith.store.compiled import cache_of
from loresmith.validate.answers import Prompt, prompts_of
from loresmith.validate.evaluate import Evaluated, evaluate
from loresmith.validate.fidelity import Fidelity, fidelity
from loresmith.validate.game_states import states_before


@dataclass(frozen=True)
class Questions:
    """Which split is asked, or which other scenarios: those of a `folder` or file. At most
    `limit` of them (those that the hash of their ids puts first, so that they are of many categories), and whether
    under the grammar."""

    split: str = "test"
    limit: int | None = None
    constrained: bool = False
    folder: Path | None = None

    @property
    def asked(self) -> str:
        """What is asked, as a person reads it."""
        return str(self.folder) if self.folder else f"the {self.split} split"

    @property
    def manner(self) -> str:
        """What is asked and how, in a few words."""
        return f"{self.asked}, with the grammar" if self.constrained else self.asked

    def content(self, project: Project) -> dict[str, Any]:
        """What is asked and how, for a machine."""
        return {
            "recipe": project.recipe.name,
            "asked": self.asked,
            "scenarios_at_most": self.limit,
            "grammar": self.constrained,
        }

    def prompts(self, project: Project) -> list[Prompt]:
        """The prompts; raises InvalidCall for what isn't for judging, Rejected where no scenario is."""
        scenarios, tools = self.scenarios(project), project.vocabulary
        states = {scenario.id: states_before(scenario, tools) for scenario in scenarios}
        return prompts_of([lower_scenario(scenario, tools) for scenario in scenarios], states)

    def require_split(self) -> None:
        """Raise InvalidCall for a split that isn't for judging."""
        if self.split not in ("eval", "test"):
            raise InvalidCall(f"There is no split {self.split!r} to judge on.", remedy="Splits: eval, test.")

    def scenarios(self, project: Project) -> list[Scenario]:
        """The scenarios that are asked about; raises as `prompts` does."""
        chosen = other_scenarios(project, self.folder) if self.folder else self._of_split(project)
        return first_by_hash(chosen, self.limit or len(chosen))

    def _of_split(self, project: Project) -> list[Scenario]:
        self.require_split()
        chosen = [s for s in scenarios_of(project) if s.split == self.split]
        if not chosen:
            raise Rejected(
                f"No scenario is in the {self.split} split.",
                remedy=f"Write more, or put `split: {self.split}` into the front matter of some.",
            )
        return chosen


def questions_of(
    split: str | None, scenarios: Path | None, limit: int | None, *, constrained: bool
) -> Questions:
    """What the options ask for; raises InvalidCall where they name a split and other scenarios."""
    if split and scenarios:
        raise InvalidCall(
            "A split is of the project's own scenarios.", remedy="Give either --split or --scenarios."
        )
    return Questions(split or "test", limit, constrained, scenarios)


def scenarios_of(project: Project) -> list[Scenario]:
    """All scenarios of a project; raises Rejected with every error of every file."""
    sources = read_sources(project.scenarios, project.root)
    return compile_sources(sources, project.vocabulary, cache_of(project.root))


def ask(
    project: Project,
    name: str,
    model: Path,
    prompts: Sequence[Prompt],
    questions: Questions,
    watcher: Watcher,
) -> Evaluated:
    """A model's scores on the prompts, and how it finds the references, with progress."""
    from loresmith.environment.accelerator import detect_accelerator

    title = f"Judging {name}"
    watcher.stage_begins(title)
    layers = 0 if detect_accelerator().kind == "cpu" else -1
    limit = project.recipe.validate_.max_new_tokens
    evaluated = evaluate(
        name, model, prompts, project.vocabulary, limit, layers, watcher.advance,
        constrained=questions.constrained, most_characters=project.recipe.reply.max_characters,
    )  # fmt: skip
    watcher.stage_ends(title, f"{evaluated.scores.replies} replies")
    return evaluated


def score_references(name: str, model: Path, prompts: Sequence[Prompt], watcher: Watcher) -> Fidelity:
    """How likely a model finds the references, with progress."""
    title = f"Scoring the reference with {name}"
    watcher.stage_begins(title)
    found = fidelity(model, prompts, watcher.advance)
    watcher.stage_ends(title, f"{found.replies} replies")
    return found
