"""The report of a build, made of its artefacts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loresmith.deliver.genealogy import Genealogy
from loresmith.pipeline.genealogy import genealogy_of
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Built
from loresmith.store.artefacts import Artefact
from loresmith.store.files import json_lines
from loresmith.validate.fidelity import Fidelity
from loresmith.validate.judgement import Judgement
from loresmith.validate.report import REPORT_PAGE, Report, write_report
from loresmith.validate.score import Scores
from loresmith.validate.speed import Speed

_VERSION = 4
"""Of what a report holds: another version is written anew."""


def build_report(project: Project, built: Built, judged: Mapping[str, Artefact], build: str) -> Path:
    """The folder with a build's report, written unless it is there.

    `judged` holds the judged answers by the name a reader sees, the untouched base last; `build` is the build's digest.
    """
    genealogy = genealogy_of(project, built, build)
    text = json.dumps([_VERSION, genealogy.model_dump()], sort_keys=True)
    folder = project.store.root / "report" / hashlib.sha256(text.encode()).hexdigest()[:16]
    if not (folder / REPORT_PAGE).exists():
        write_report(folder, _report(project, built, judged, genealogy))
    return folder


def _report(project: Project, built: Built, judged: Mapping[str, Artefact], genealogy: Genealogy) -> Report:
    return Report(
        title=project.recipe.name,
        scores={name: Scores(**artefact.facts["scores"]) for name, artefact in judged.items()},
        judgements={name: _judgements(artefact.folder) for name, artefact in judged.items()},
        speed={name: Speed(**artefact.facts["speed"]) for name, artefact in judged.items()},
        facts=_facts(project, built),
        files={o.quantize: _file_facts(built[f"quantize-{o.quantize}"]) for o in project.recipe.outputs},
        training=built["train"].folder,
        genealogy=genealogy,
        fidelity={name: Fidelity(**artefact.facts["fidelity"]) for name, artefact in judged.items()},
    )


def _facts(project: Project, built: Built) -> dict[str, Any]:
    tokens = {"tokens kept": built["trim"].facts["tokens_after"]} if "trim" in built else {}
    return {
        "base": built["base"].facts["name"],
        **tokens,
        "target": project.recipe.target,
        "scenarios to train on": built["dataset"].facts["train_scenarios"],
        "supervised tokens": built["dataset"].facts["train_supervised"],
        "best eval loss (nats)": built["train"].facts["best_eval_loss"],
    }


def _file_facts(quantized: Artefact) -> dict[str, Any]:
    facts = quantized.facts
    return {
        "bytes": facts["bytes"],
        "bits_per_weight": facts["bits_per_weight"],
        "divergence": facts["divergence"]["mean"],
        "top1_agreement": facts["divergence"]["top1_agreement"],
    }


def _judgements(folder: Path) -> list[Judgement]:
    return [Judgement.model_validate_json(line) for line in json_lines(folder / "judgements.jsonl")]
