"""What this machine can build: memory, disk, the hub and the time, judged without loading torch."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from loresmith.base.folder import require_folder
from loresmith.diagnostics.failure import EnvironmentFailure, Failure
from loresmith.environment.hub import hub_is_reachable
from loresmith.environment.memory import free_disk_bytes, total_memory_bytes
from loresmith.families.family import family_named, require_fp16_is_safe
from loresmith.pipeline.project import Project
from loresmith.plan.known_bases import KnownBase, known_base
from loresmith.quantize.budget import require_could_fit, require_fits
from loresmith.quantize.kinds import uses_importance
from loresmith.quantize.predict import predicted_bytes
from loresmith.recipe.load import find_recipe, load_recipe
from loresmith.recipe.schema import Output, Recipe
from loresmith.targets.target import require_context, require_loadable, target_named
from loresmith.unsloth.place import unsloth_obstacle

BY_SIZE = ("gemma3n-e4b", "gemma3n-e2b", "gemma3-1b")
"""The Gemma recipes that a build without a name tries first, the largest first."""
FALLBACK = "gemma3-270m"
LARGEST_ON_CPU = 500_000_000
"""Weights in the body above which training on a CPU takes days, not an evening."""
ALTERNATIVE = "Take a smaller base: loresmith train gemma3-270m."
WORKING_COPIES = 4
"""Copies of the weights that a build keeps on disk: base, merged, f16, quantized."""


def choose_recipe(root: Path) -> tuple[Recipe, str]:
    """The largest shipped recipe that this machine can run, and why the larger ones can't be."""
    reasons: list[str] = []
    for name in BY_SIZE:
        recipe = load_recipe(find_recipe(name, root))
        reason = obstacle(Project(root, recipe))
        if reason is None:
            return recipe, f"Building {name}, the largest Gemma recipe that this machine can run."
        reasons.append(f"{name}: {reason[0].rstrip('.')}")
    recipe = load_recipe(find_recipe(FALLBACK, root))
    return recipe, f"Building {FALLBACK}, the embedded default. Not {'; not '.join(reasons)}."


def require_feasible(project: Project) -> None:
    """Raise before anything heavy is loaded when recipe, memory, disk or hub rule the build out."""
    require_consistent(project)
    found = obstacle(project)
    if found:
        reason, remedy = found
        raise EnvironmentFailure(
            f"The recipe {project.recipe.name} can't be built here: {reason}", remedy=remedy
        )


def require_consistent(project: Project) -> None:
    """Raise for what can't be built on any machine: a base folder that isn't there, a target that can't load the base,
    a context longer than the target's, a precision that overflows, an output that is known to miss its budget."""
    recipe = project.recipe
    if recipe.base.path:
        require_folder(project.root / recipe.base.path)
    target = target_named(recipe.target)
    require_context(f"target {target.name}", target.max_context, recipe.train.context)
    base = known_base(recipe.base)
    if not base:
        return
    require_loadable(target, base.family, tuple(output.quantize for output in recipe.outputs))
    if recipe.train.precision == "fp16":
        require_fp16_is_safe(family_named(base.family))
    for output in recipe.outputs:
        if size := predicted_bytes(base.sizes, output.quantize):
            _require_budget(output, size, base, trimmed=recipe.vocabulary.is_trimmed)


def _require_budget(output: Output, size: int, base: KnownBase, *, trimmed: bool) -> None:
    """Raise Rejected where the output is sure to miss its budget: what a cut saves is known only once it is made."""
    if trimmed:
        require_could_fit(output.quantize, size, base.vocabulary, output.max_bytes)
    else:
        require_fits(output.quantize, size, output.max_bytes, base.sizes)


def obstacle(project: Project) -> tuple[str, str] | None:
    """What keeps this machine from building the recipe, and what to do about it; None when nothing does."""
    if found := _engine_obstacle(project):
        return found
    return None if _is_built(project, "base") else _base_obstacle(project) or _hub_obstacle(project)


def _engine_obstacle(project: Project) -> tuple[str, str] | None:
    if project.recipe.train.engine != "unsloth" or _is_built(project, "train"):
        return None
    return unsloth_obstacle()


def _hub_obstacle(project: Project) -> tuple[str, str] | None:
    if project.recipe.base.hub and not hub_is_reachable():
        return "the model hub can't be reached.", f"Check the network (loresmith doctor). {ALTERNATIVE}"
    return None


def _base_obstacle(project: Project) -> tuple[str, str] | None:
    base = known_base(project.recipe.base)
    if base is None:
        return None
    memory = total_memory_bytes()
    if base.memory > memory and not has_gpu():
        return f"it needs {_gb(base.memory)} of memory, this machine has {_gb(memory)}.", ALTERNATIVE
    if base.body > LARGEST_ON_CPU and not has_gpu():
        return "it needs an accelerator (CUDA or Metal), this machine has none.", ALTERNATIVE
    disk, needs = free_disk_bytes(project.store.root), _working_copies(project.recipe) * base.download
    if needs > disk:
        needed = f"it needs {_gb(needs)} of disk, {_gb(disk)} are free."
        return needed, "Free some space, or take a smaller base."
    return None


def _working_copies(recipe: Recipe) -> int:
    """How many times the base's bytes a build takes on disk: the moments that rounding below eight bits goes by are
    nearly as large as the weights."""
    below = [uses_importance(output.quantize) for output in recipe.outputs]
    return WORKING_COPIES + any(below) + below[0]


def has_gpu() -> bool:
    """Whether there is an accelerator worth training on, as far as can be told without torch."""
    return shutil.which("nvidia-smi") is not None or (platform.system(), platform.machine()) == (
        "Darwin",
        "arm64",
    )


def _is_built(project: Project, stage: str) -> bool:
    from loresmith.pipeline.build import states_of

    try:
        return any(state.stage.name == stage and state.artefact for state in states_of(project))
    except Failure:
        return False


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
