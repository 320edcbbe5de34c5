"""All stages of a recipe, in the order they run."""

from __future__ import annotations

from loresmith.pipeline.back_stages import answers_stage, export_stage, quantize_stage
from loresmith.pipeline.companion_stages import ADAPTER, PROJECTOR
from loresmith.pipeline.front_stages import BASE, DATASET, LOWER
from loresmith.pipeline.stage import Stage
from loresmith.pipeline.train_stages import MERGE, TRAIN
from loresmith.recipe.schema import Recipe


def stages_of(recipe: Recipe) -> list[Stage]:
    """The stages that build a recipe; the untouched base is exported beside it, to be compared with.

    The base comes at the quantization of the first output, and all outputs are judged.
    """
    first = recipe.outputs[0]
    exported = export_stage("gguf", "Export", "merge", compared=True)
    stages = [LOWER, BASE, DATASET, TRAIN, MERGE, exported, ADAPTER, PROJECTOR]
    for output in recipe.outputs:
        name = f"quantize-{output.quantize}"
        stages.append(quantize_stage(name, f"Quantizing {output.quantize}", "gguf", output, budget=True))
        stages.append(answers_stage(f"answers-{output.quantize}", f"Validating {output.quantize}", name))
    kind = first.quantize
    return [
        *stages,
        export_stage("base-gguf", "Export of the untouched base", "base", compared=False),
        quantize_stage("base-quantize", f"Quantizing the base to {kind}", "base-gguf", first, budget=False),
        answers_stage("base-answers", f"Validating the untouched base, {kind}", "base-quantize"),
    ]
