"""`loresmith plan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loresmith.commands.choice import chosen_project
from loresmith.commands.watchers import duration
from loresmith.pipeline.build import StageState, states_of
from loresmith.pipeline.project import Project
from loresmith.plan.estimate import measured_flops, training_seconds
from loresmith.plan.feasibility import has_gpu, obstacle, require_consistent
from loresmith.plan.known_bases import known_base
from loresmith.quantize.predict import predicted_bytes
from loresmith.store.artefacts import Artefact

CHARACTERS_PER_TOKEN = 4
SUPERVISED_SHARE = 0.25
"""The usual part of a scenario's tokens that the DM says, for the time before the dataset is built."""


def show_plan(name: str | None, root: Path, *, as_json: bool) -> int:
    """Print the plan of a recipe; gives exit code 0. Raises where the plan itself can't be."""
    project, reason = chosen_project(name, root)
    require_consistent(project.recipe)
    states = states_of(project)
    outputs = _outputs(project)
    seconds = _training_time(project, states)
    blocked = obstacle(project)
    if as_json:
        print(json.dumps(_as_json(project, states, outputs, seconds, blocked), indent=2))
    else:
        print(_as_text(project, reason, states, outputs, seconds, blocked))
    return 0


def _outputs(project: Project) -> list[dict[str, Any]]:
    base = known_base(project.recipe.base)
    return [
        {
            "quantize": output.quantize,
            "predicted_bytes": predicted_bytes(base.sizes, output.quantize) if base else None,
            "max_bytes": output.max_bytes,
        }
        for output in project.recipe.outputs
    ]


def _training_time(project: Project, states: list[StageState]) -> float | None:
    """Predicted seconds of training on this CPU; None where it's built, or can't be predicted."""
    artefacts = {state.stage.name: state.artefact for state in states}
    base = known_base(project.recipe.base)
    if artefacts["train"] or base is None or has_gpu():
        return None
    dataset = artefacts["dataset"]
    if dataset:
        tokens, supervised = dataset.facts["train_tokens"], dataset.facts["train_supervised"]
    else:
        characters = sum(path.stat().st_size for path in project.scenarios.rglob("*.md"))
        tokens = characters / CHARACTERS_PER_TOKEN
        supervised = tokens * SUPERVISED_SHARE
    epochs, kept = _epochs(project, dataset), _kept_vocabulary(artefacts.get("trim"))
    return training_seconds(base, tokens, supervised, epochs, measured_flops(), kept)


def _kept_vocabulary(trim: Artefact | None) -> float:
    """The part of the base's tokens that a trim left; 1 where nothing is trimmed yet."""
    return trim.facts["tokens_after"] / trim.facts["tokens_before"] if trim else 1.0


def _epochs(project: Project, dataset: Any) -> float:
    train = project.recipe.train
    if not train.max_steps or not dataset:
        return train.epochs
    return min(train.epochs, train.max_steps * train.batch_size / dataset.facts["train_scenarios"])


def _as_text(
    project: Project,
    reason: str,
    states: list[StageState],
    outputs: list[dict[str, Any]],
    seconds: float | None,
    blocked: tuple[str, str] | None,
) -> str:
    recipe = project.recipe
    lines = [reason] if reason else []
    lines += [f"Recipe {recipe.name}: {recipe.base.name} for {recipe.target}", ""]
    lines += [f"  {_state_word(state):<8} {state.stage.title}" for state in states]
    lines += [""]
    for output in outputs:
        size = output["predicted_bytes"]
        predicted = f"{size:,} bytes" if size else "not known beforehand"
        whole = ", before its vocabulary is cut" if size and recipe.vocabulary.is_trimmed else ""
        lines.append(f"Size as {output['quantize']}: {predicted} of {output['max_bytes']:,}{whole}")
    if seconds is not None:
        lines.append(
            f"Training takes about {duration(seconds)} on this machine's CPU, less where it computes in bf16."
        )
    if blocked:
        lines.append(f"It can't be built here: {blocked[0]} {blocked[1]}")
    return "\n".join(lines)


def _state_word(state: StageState) -> str:
    if state.artefact:
        return "built"
    return "goes on" if state.progress else "to run"


def _as_json(
    project: Project,
    states: list[StageState],
    outputs: list[dict[str, Any]],
    seconds: float | None,
    blocked: tuple[str, str] | None,
) -> dict[str, Any]:
    return {
        "recipe": project.recipe.model_dump(mode="json", by_alias=True),
        "stages": [{"name": s.stage.name, "state": _state_word(s)} for s in states],
        "outputs": outputs,
        "training_seconds": seconds,
        "obstacle": blocked[0] if blocked else None,
    }
