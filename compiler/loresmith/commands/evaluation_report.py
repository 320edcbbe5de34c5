"""The page of `loresmith eval --report`: one model file on what was asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from loresmith.deliver.versions import Metadata, read_metadata
from loresmith.pipeline.project import Project
from loresmith.store.files import sha256_of
from loresmith.train.metrics import CURVE, HISTORY
from loresmith.validate.evaluate import Evaluated
from loresmith.validate.report import REPORT_PAGE, Report, read_genealogy, write_report


def write_evaluation(
    folder: Path, project: Project, file: Path, evaluated: Evaluated, facts: dict[str, Any]
) -> Path:
    """Write `report.json` and `report.html` into `folder`; gives the page.

    Of a delivered file they also tell the losses, as long as its training is in the build folder, how far it is from
    f16, and the genealogy; of any other file its size alone. `facts` tell what was asked.
    """
    metadata = _whole_metadata(file.parent)
    about = _about(file, metadata)
    report = Report(
        title=f"{evaluated.name}: evaluation",
        scores={evaluated.name: evaluated.scores},
        judgements={evaluated.name: evaluated.judgements},
        speed={evaluated.name: evaluated.speed},
        facts=facts | (_delivered_as(metadata) if about else {}),
        files={file.name: {"bytes": file.stat().st_size} | _fidelity(about or {})},
        training=_training(project, metadata) if about else None,
        genealogy=read_genealogy(file.parent) if about else None,
        fidelity={evaluated.name: evaluated.fidelity},
    )
    write_report(folder, report)
    return folder / REPORT_PAGE


def _whole_metadata(folder: Path) -> dict[str, Any]:
    """The metadata of a delivered version; empty where there are none, or they aren't whole."""
    metadata = read_metadata(folder)
    try:
        Metadata.model_validate(metadata)
    except ValidationError:
        return {}
    return metadata


def _about(file: Path, metadata: dict[str, Any]) -> dict[str, Any] | None:
    """What the metadata tell of the file; None where it isn't the one that was delivered, whatever its name."""
    about = metadata.get("files", {}).get(file.name)
    return about if about and about["sha256"] == sha256_of(file) else None


def _delivered_as(metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": f"{metadata['name']} {metadata['version']}",
        "base": metadata["base"]["name"],
        "target": metadata["target"],
        "best eval loss (nats)": metadata["training"]["best_eval_loss"],
    }


def _fidelity(about: dict[str, Any]) -> dict[str, Any]:
    """How far a delivered file is from f16; nothing where it isn't known."""
    divergence = about.get("divergence") or {}
    told = {
        "bits_per_weight": about.get("bits_per_weight"),
        "divergence": divergence.get("mean"),
        "top1_agreement": divergence.get("top1_agreement"),
    }
    return told if None not in told.values() else {}


def _training(project: Project, metadata: dict[str, Any]) -> Path | None:
    folder = project.store.root / "train" / str(metadata["training"].get("adapter"))
    return folder if (folder / CURVE).is_file() and (folder / HISTORY).is_file() else None
