"""Trains variants of the shipped default and judges each: `python benchmarks/ablations.py --project FOLDER
[--scenarios N] [--questions N] [--split eval] [--only VARIANT…] [--write]`.

FOLDER is a project with the shipped scenarios. Each variant is the default recipe with one thing changed, on a part of
the scenarios, so that many can be compared; it is trained to its end and quantized by the build, and its q8_0 file
answers the prompts of some scenarios of the split, greedy, without the grammar. What was measured is kept below FOLDER
and not measured again while model, prompts and judge are the same, so that a stopped run goes on and a variant can be
added. Differences are paired, by scenario. The eval split chooses; the test split is for what was chosen.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from copy import deepcopy
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import yaml
from loresmith.commands.questions import Questions
from loresmith.commands.watchers import watcher_for
from loresmith.pipeline.back_stages import MODEL
from loresmith.pipeline.build import build_stage
from loresmith.pipeline.graph import stages_of
from loresmith.pipeline.project import Project
from loresmith.recipe.load import load_recipe
from loresmith.recipe.train import Train
from loresmith.store.artefacts import Artefact, key_of
from loresmith.store.files import write_atomically
from loresmith.validate.answers import Prompt
from loresmith.validate.compare import Difference, compare
from loresmith.validate.evaluate import Evaluated, evaluate
from loresmith.validate.judgement import Judgement
from loresmith.validate.metrics import METRICS
from loresmith.validate.score import Scores, scores_of
from loresmith.validate.text import percent
from page import put_table
from pydantic import BaseModel

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
RECIPES = HERE.parent / "recipes"
RECIPE = RECIPES / "gemma3-270m.yaml"
BEGIN, END = "<!-- ablations: written by benchmarks/ablations.py -->\n", "<!-- end of ablations -->\n"
KEPT = Path("ai-training") / "build" / "ablations"
DEFAULT = "the default"
VARIANTS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    "half the scenarios": {"data": {"limit": 0.5}},
    "twice the scenarios": {"data": {"limit": 2}},
    "2 epochs": {"train": {"epochs": 2}},
    "calls count once": {"train": {"call_weight": 1}},
    "calls count 6 times": {"train": {"call_weight": 6}},
    "names and dice augmented once": {"data": {"augment": {"names": 1, "dice": 1}}},
    "down to a tenth by a cosine": {"train": {"schedule": "cosine"}},
    "half the learning rate": {"train": {"learning_rate": 4e-4}},
    "twice the learning rate": {"train": {"learning_rate": 1.6e-3}},
    "rank 4": {"train": {"rank": 4, "alpha": 8}},
    "rank 64": {"train": {"rank": 64, "alpha": 128}},
    "2 scenarios a step": {"train": {"batch_size": 2}},
    "fp32": {"train": {"precision": "fp32"}},
}
"""What each changes in the default's recipe; the limit is in parts of the asked number of scenarios. The augmented one
sees each scenario and a copy of it: it is to be read beside 2 epochs."""
FEWEST = 2 * Train().eval_scenarios
"""Scenarios to train on, at the least: half of them still leave all that the eval loss is measured on."""
COMMON = {"train": {"eval_every": 10**6}}
"""What all have: no eval loss but the last adapter's, which is judged."""


class Measured(BaseModel):
    """A variant as it was measured; `of` is the digest of the model file's artefact, the prompts and the judge."""

    name: str
    of: str
    steps: int
    minutes: float
    eval_loss: float
    judgements: tuple[Judgement, ...]

    @property
    def scores(self) -> Scores:
        """The scores of all its answers."""
        return scores_of(self.judgements)


def main() -> None:
    """Measure and print the table; `--write` puts it into the README."""
    asked = _arguments()
    if asked.scenarios < FEWEST:
        raise SystemExit(
            f"--scenarios: at least {FEWEST}, so that every variant's eval loss is of the same scenarios"
        )
    root = asked.project.resolve()
    chosen = [name for name in VARIANTS if not asked.only or name in asked.only or name == DEFAULT]
    questions = Questions(asked.split, asked.questions)
    measured = [_measured(name, root, asked.scenarios, questions) for name in chosen]
    table = _table(measured, asked.scenarios, asked.split)
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--scenarios", type=int, default=160, help="scenarios to train on (160)")
    parser.add_argument("--questions", type=int, default=24, help="scenarios to be asked about (24)")
    parser.add_argument("--split", choices=("eval", "test"), default="eval")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, metavar="VARIANT")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    return parser.parse_args()


def _measured(name: str, root: Path, scenarios: int, questions: Questions) -> Measured:
    """The variant's measurement, from an earlier run where it is of the same model file."""
    project = Project(root, load_recipe(_recipe(name, root, scenarios)))
    stage = f"quantize-{project.recipe.outputs[0].quantize}"
    print(f"== {name}", file=sys.stderr, flush=True)
    with watcher_for(sys.stderr, quiet=False) as watcher:
        trained, quantized = build_stage(project, "train", watcher), build_stage(project, stage, watcher)
    prompts = questions.prompts(project)
    of, kept = _judged_by(project, quantized, prompts), root / KEPT / f"{_slug(name)}-{questions.split}.json"
    if (earlier := _earlier(kept)) and earlier.of == of:
        return earlier
    evaluated = _evaluated(name, project, quantized, prompts)
    found = Measured(
        name=name, of=of, steps=trained.facts["steps"],
        minutes=_minutes(trained), eval_loss=trained.facts["best_eval_loss"], judgements=evaluated.judgements,
    )  # fmt: skip
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, found.model_dump_json(indent=1))
    return found


def _earlier(kept: Path) -> Measured | None:
    return Measured.model_validate_json(kept.read_text(encoding="utf-8")) if kept.exists() else None


def _judged_by(project: Project, quantized: Artefact, prompts: Sequence[Prompt]) -> str:
    """The digest of all that decides a measurement."""
    judge = next(stage for stage in stages_of(project.recipe) if stage.name == "base-answers").version
    limit = project.recipe.validate_.max_new_tokens
    asked = [prompt.model_dump(mode="json") for prompt in prompts]
    return key_of("ablation", judge, {"model": quantized.digest, "limit": limit, "prompts": asked})


def _recipe(name: str, root: Path, scenarios: int) -> Path:
    """The variant's recipe, written below the project."""
    content = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
    changes = _changed({"name": f"ablation-{_slug(name)}", "data": {"limit": 1}}, VARIANTS[name])
    changes["data"]["limit"] = round(changes["data"]["limit"] * scenarios)
    content = _changed(_changed(content, COMMON), changes)
    file = root / KEPT / f"{_slug(name)}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, yaml.safe_dump(content, sort_keys=False))
    return file


def _changed(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The content with the changes in it, section by section."""
    result = deepcopy(content)
    for key, value in changes.items():
        result[key] = _changed(result.get(key) or {}, value) if isinstance(value, dict) else value
    return result


def _slug(name: str) -> str:
    return name.replace(",", "").replace(" ", "-")


def _evaluated(name: str, project: Project, quantized: Artefact, prompts: Sequence[Prompt]) -> Evaluated:
    with watcher_for(sys.stderr, quiet=False) as watcher:
        watcher.stage_begins(f"Judging {name}")
        started = time.monotonic()
        found = evaluate(
            name, quantized.folder / MODEL, prompts, project.vocabulary,
            project.recipe.validate_.max_new_tokens, 0, watcher.advance, constrained=False,
        )  # fmt: skip
        seconds = time.monotonic() - started
        watcher.stage_ends(f"Judging {name}", f"{percent(found.scores.exact)} exact, {seconds:.0f} s")
    return found


def _minutes(trained: Artefact) -> float:
    """The time of the training's steps, evaluations left out."""
    lines = (trained.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(json.loads(line)["seconds"] for line in lines) / 60


def _table(measured: list[Measured], scenarios: int, split: str) -> str:
    default = measured[0]
    scores, scenes = default.scores, len({judged.scenario for judged in default.judgements})
    named = ", ".join(f"{name} {metadata.version(name)}" for name in ("torch", "transformers", "peft"))
    lines = [
        f"{platform.machine()}, {psutil.cpu_count()} cores; Python {platform.python_version()}, {named}; "
        f"{scenarios} scenarios to train on; {scenes} of the {split} split: {scores.replies} replies, "
        f"{scores.replies_with_call} of them with a call; q8_0, greedy, no grammar",
        "",
        "| variant | steps | minutes | eval loss | parse rate | same tools | exact call | against the default "
        "| missed | false calls |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(one, default) for one in measured), ""])


def _row(one: Measured, default: Measured) -> str:
    scores = one.scores
    cells = (
        one.name, str(one.steps), f"{one.minutes:.0f}", f"{one.eval_loss:.3f}", percent(scores.parsed),
        percent(scores.tool_match), f"{percent(scores.exact)} {_bounds(scores.intervals['exact'])}",
        "" if one is default else _said(compare(one.judgements, default.judgements, _exact())),
        percent(scores.missed_call), percent(scores.false_call),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _exact() -> Any:
    return next(metric for metric in METRICS if metric.key == "exact")


def _said(difference: Difference) -> str:
    """The difference in points, its interval and the verdict."""
    if difference.difference is None:
        return difference.verdict
    return f"{100 * difference.difference:+.1f} {_bounds(difference.interval)}, {difference.verdict}"


def _bounds(interval: tuple[float, float] | None) -> str:
    return f"[{100 * interval[0]:.0f}, {100 * interval[1]:.0f}]" if interval else ""


if __name__ == "__main__":
    main()
