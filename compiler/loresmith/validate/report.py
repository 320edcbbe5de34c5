"""The validation report: JSON for machines, one self-contained page for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.deliver.genealogy import Genealogy
from loresmith.store.files import write_atomically
from loresmith.train.metrics import CURVE, HISTORY
from loresmith.validate import page_parts
from loresmith.validate.compare import compare, compare_counts
from loresmith.validate.fidelity import KINDS, Fidelity
from loresmith.validate.genealogy_parts import genealogy_table
from loresmith.validate.judgement import Judgement
from loresmith.validate.metrics import METRICS
from loresmith.validate.page import page
from loresmith.validate.score import Scores
from loresmith.validate.speed import Speed

REPORT_JSON, REPORT_PAGE = "report.json", "report.html"


@dataclass(frozen=True)
class Report:
    """What is told of a build, or of one model file.

    `scores`, `judgements` and `speed` are keyed by model, the delivered one first, the untouched base, where it was
    asked too, last; `files` by name, with their size and how far each is from f16. `training` is the folder with the
    losses and their picture. A file from elsewhere has neither a training nor a genealogy. `fidelity` is keyed by
    model as well.
    """

    title: str
    scores: Mapping[str, Scores]
    judgements: Mapping[str, Sequence[Judgement]]
    speed: Mapping[str, Speed]
    facts: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]
    training: Path | None
    genealogy: Genealogy | None
    fidelity: Mapping[str, Fidelity]


def write_report(folder: Path, report: Report) -> None:
    """Write `report.json` and `report.html` into `folder`."""
    write_atomically(folder / REPORT_JSON, json.dumps(_content(report), indent=1, ensure_ascii=False) + "\n")
    write_atomically(folder / REPORT_PAGE, page(report.title, _parts(report), _picture(report)))


def read_genealogy(folder: Path) -> Genealogy | None:
    """The genealogy in a delivered version's report; None where it has none or can't be read."""
    try:
        content = json.loads((folder / REPORT_JSON).read_text(encoding="utf-8"))
        return Genealogy.model_validate(content["genealogy"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _content(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "facts": dict(report.facts),
        "files": {name: dict(file) for name, file in report.files.items()},
        "speed": {name: speed.model_dump() for name, speed in report.speed.items()},
        "scores": {name: score.model_dump() for name, score in report.scores.items()},
        "fidelity": {name: found.model_dump() for name, found in report.fidelity.items()},
        "first_against": first_against(report),
        "genealogy": report.genealogy.model_dump() if report.genealogy else None,
        "losses": json.loads((report.training / HISTORY).read_text("utf-8")) if report.training else None,
        "judgements": {name: [_judged(j) for j in part] for name, part in report.judgements.items()},
    }


def _judged(judgement: Judgement) -> dict[str, Any]:
    return judgement.model_dump() | {"failure": judgement.failure}


def first_against(report: Report) -> dict[str, dict[str, dict[str, Any]]]:
    """The first model against each other, paired, by what is compared; nothing where it is alone."""
    first, *others = report.judgements
    return {other: _differences(report, first, other) for other in others}


def _differences(report: Report, first: str, other: str) -> dict[str, dict[str, Any]]:
    one, two = report.judgements[first], report.judgements[other]
    shares = [compare(one, two, metric) for metric in METRICS]
    told = [[getattr(report.fidelity[name], kind).counts for name in (first, other)] for kind in KINDS]
    listens = [compare_counts(kind, *counts) for kind, counts in zip(KINDS, told, strict=True)]
    return {found.metric: found.model_dump() for found in (*shares, *listens)}


def _parts(report: Report) -> list[str]:
    first, against = next(iter(report.scores)), first_against(report)
    return [
        page_parts.score_table(report.scores, against),
        page_parts.fidelity_table(report.fidelity, against),
        page_parts.failure_table(report.scores),
        page_parts.group_table("By tool", report.scores[first].by_tool),
        page_parts.group_table("By category", report.scores[first].by_category),
        page_parts.confusion_table(report.scores[first].confusion),
        page_parts.failure_examples(report.judgements[first]),
        page_parts.files_table(report.files),
        page_parts.speed_table(report.speed),
        page_parts.facts_table(report.facts),
        *([genealogy_table(report.genealogy)] if report.genealogy else []),
        *(page_parts.answers(name, part) for name, part in report.judgements.items()),
    ]


def _picture(report: Report) -> bytes | None:
    return (report.training / CURVE).read_bytes() if report.training else None
