"""All stages of a recipe, in the order they run."""

from __future__ import annotations

from dataclasses import replace

from loresmith.pipeline.back_stages import answers_stage, export_stage, importance_stage, quantize_stage
from loresmith.pipeline.companion_stages import ADAPTER, PROJECTOR
from loresmith.pipeline.front_stages import BASE, DATASET, LOWER
from loresmith.pipeline.stage import Stage
from loresmith.pipeline.train_stages import MERGE, TRAIN
from loresmith.pipeline.trim_stage import TRIM, rewired
from loresmith.quantize.kinds import uses_importance
from loresmith.recipe.schema import Recipe


def stages_of(recipe: Recipe) -> list[Stage]:
    """The stages that build a recipe; the untouched base is exported beside it, to be compared with.

    The base comes at the quantization of the first output, and all outputs are judged. With a trimmed vocabulary
    everything that is tuned sees the trimmed folder as the base; the untouched base is asked in its own tokens.
    """
    if not recipe.vocabulary.is_trimmed:
        return [LOWER, BASE, PROJECTOR, *_tuned(recipe), *_untouched(recipe)]
    tuned = [rewired(stage, {"base": "trim"}) for stage in _tuned(recipe)]
    dataset = replace(DATASET, name="base-dataset", title="Dataset in the untouched base's tokens")
    untouched = [rewired(stage, {"dataset": dataset.name}) for stage in _untouched(recipe)]
    return [LOWER, BASE, PROJECTOR, TRIM, *tuned, dataset, *untouched]


def _tuned(recipe: Recipe) -> list[Stage]:
    """From the base to the tuned model's answers."""
    stages = [DATASET, TRAIN, MERGE, export_stage("gguf", "Export", "merge", compared=True), ADAPTER]
    if any(uses_importance(output.quantize) for output in recipe.outputs):
        stages.append(importance_stage("importance", "Importance matrix", "merge"))
    for output in recipe.outputs:
        name, title = f"quantize-{output.quantize}", f"Quantizing {output.quantize}"
        importance = "importance" if uses_importance(output.quantize) else None
        stages.append(quantize_stage(name, title, "gguf", output, budget=True, importance=importance))
        stages.append(answers_stage(f"answers-{output.quantize}", f"Validating {output.quantize}", name))
    return stages


def _untouched(recipe: Recipe) -> list[Stage]:
    """From the base to the untouched base's answers."""
    first = recipe.outputs[0]
    kind, importance = first.quantize, "base-importance" if uses_importance(first.quantize) else None
    title = f"Quantizing the base to {kind}"
    return [
        export_stage("base-gguf", "Export of the untouched base", "base", compared=False),
        *([importance_stage(importance, "Importance matrix of the base", "base")] if importance else []),
        quantize_stage("base-quantize", title, "base-gguf", first, budget=False, importance=importance),
        answers_stage("base-answers", f"Validating the untouched base, {kind}", "base-quantize"),
    ]
