"""`loresmith plan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loresmith.commands.choice import chosen_project
from loresmith.commands.watchers import duration
from loresmith.pipeline.build import StageState, states_of
from loresmith.pipeline.project import Project
from loresmith.plan.feasibility import obstacle, require_consistent
from loresmith.plan.known_bases import known_base
from loresmith.plan.training_time import TrainingTime, training_time
from loresmith.quantize.predict import predicted_bytes


def show_plan(name: str | None, root: Path, *, as_json: bool) -> int:
    """Print the plan of a recipe; gives exit code 0. Raises where the plan itself can't be."""
    project, reason = chosen_project(name, root)
    require_consistent(project)
    states = states_of(project)
    outputs = _outputs(project)
    time = training_time(project, states)
    blocked = obstacle(project)
    if as_json:
        print(json.dumps(_as_json(project, states, outputs, time, blocked), indent=2))
    else:
        print(_as_text(project, reason, states, outputs, time, blocked))
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


def _as_text(
    project: Project,
    reason: str,
    states: list[StageState],
    outputs: list[dict[str, Any]],
    time: TrainingTime | None,
    blocked: tuple[str, str] | None,
) -> str:
    recipe = project.recipe
    lines = [reason] if reason else []
    lines += [f"Recipe {recipe.name}: {recipe.base.name} for {recipe.target}", ""]
    lines += [f"  {_state_word(state):<8} {state.stage.title}" for state in states]
    lines += [""]
    for output in outputs:
        size = output["predicted_bytes"]
        whole = ", before its vocabulary is cut" if recipe.vocabulary.is_trimmed else ""
        budget = f"{output['max_bytes']:,}"
        told = (
            f"{size:,} bytes of {budget}{whole}" if size else f"not known beforehand; the budget is {budget}"
        )
        lines.append(f"Size as {output['quantize']}: {told}")
    if time:
        lines.append(_time_text(time))
    if blocked:
        lines.append(f"It can't be built here: {blocked[0]} {blocked[1]}")
    return "\n".join(lines)


def _time_json(time: TrainingTime | None) -> dict[str, Any] | None:
    """The seconds, of what is left where a training was begun; then `step` of `steps` are done. `at_most`: they are an
    upper bound."""
    if time is None:
        return None
    step, steps = (time.pace.step, time.pace.steps) if time.pace else (0, None)
    return {"seconds": time.seconds, "step": step, "steps": steps, "at_most": time.upper}


def _time_text(time: TrainingTime) -> str:
    if time.pace:
        begun = f"Training goes on after step {time.pace.step:,} of {time.pace.steps:,}"
        return f"{begun}; at its pace the rest takes about {duration(time.seconds)}."
    less = ", less where it computes in bf16" if time.upper else ""
    return f"Training takes about {duration(time.seconds)} on this machine's CPU{less}."


def _state_word(state: StageState) -> str:
    if state.artefact:
        return "built"
    return "goes on" if state.begun else "to run"


def _as_json(
    project: Project,
    states: list[StageState],
    outputs: list[dict[str, Any]],
    time: TrainingTime | None,
    blocked: tuple[str, str] | None,
) -> dict[str, Any]:
    return {
        "recipe": project.recipe.model_dump(mode="json", by_alias=True),
        "stages": [{"name": s.stage.name, "state": _state_word(s)} for s in states],
        "outputs": outputs,
        "training": _time_json(time),
        "obstacle": blocked[0] if blocked else None,
    }
