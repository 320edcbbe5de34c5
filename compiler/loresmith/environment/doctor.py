"""Verdicts on everything that a build needs."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil
from packaging.requirements import Requirement
from pydantic import BaseModel, ConfigDict

from loresmith.plan.feasibility import hub_is_reachable

CONVERTER_VERSION = "0.3.36"
LEAST_MEMORY = 6_000_000_000
"""Bytes of memory that the embedded default trains in."""
LEAST_DISK = 8_000_000_000
"""Bytes of disk that a build of the embedded default takes."""
_SETUP = "Run: pnpm run doctor (from the checkout, it installs what is missing)"


class Verdict(BaseModel):
    """One thing examined: what was found and, where it isn't right, what to do."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: Literal["ok", "warning", "error"]
    detail: str
    remedy: str = ""


def examine_machine(project: Path) -> list[Verdict]:
    """The verdicts in the order in which things are needed."""
    return [
        _python(),
        *_dependencies(),
        _converter(),
        _accelerator(),
        _memory(psutil.virtual_memory().total),
        _disk(shutil.disk_usage(_existing(project)).free),
        _hub(),
    ]


def _python() -> Verdict:
    version = platform.python_version()
    if sys.version_info < (3, 11):
        remedy = "Install Python 3.11 or newer."
        return Verdict(name="Python", status="error", detail=version, remedy=remedy)
    return Verdict(name="Python", status="ok", detail=version)


def _dependencies() -> Iterator[Verdict]:
    """A verdict for each dependency of the package, those of training included."""
    try:
        declared = metadata.requires("loresmith") or []
    except metadata.PackageNotFoundError:
        declared = _declared_in_checkout()
    for line in declared:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": "train"}):
            yield dependency_verdict(requirement)


def _declared_in_checkout() -> list[str]:
    import tomllib

    project = Path(__file__).parents[3] / "pyproject.toml"
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    return [*table["dependencies"], *table["optional-dependencies"]["train"]]


def dependency_verdict(requirement: Requirement) -> Verdict:
    """Whether a distribution is installed in a version that is asked for."""
    name, wanted = requirement.name, str(requirement.specifier)
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Verdict(name=name, status="error", detail=f"not installed, needed: {wanted}", remedy=_SETUP)
    if not requirement.specifier.contains(version.split("+")[0], prereleases=True):
        return Verdict(name=name, status="error", detail=f"{version}, needed: {wanted}", remedy=_SETUP)
    return Verdict(name=name, status="ok", detail=version)


def _converter() -> Verdict:
    folder = Path(sys.prefix) / "share" / "loresmith" / f"llama.cpp-{CONVERTER_VERSION}"
    if not (folder / "convert_hf_to_gguf.py").is_file():
        return Verdict(name="GGUF converter", status="error", detail="not placed", remedy=_SETUP)
    return Verdict(name="GGUF converter", status="ok", detail=f"llama.cpp of llama-cpp-python {CONVERTER_VERSION}")


def _accelerator() -> Verdict:
    try:
        from loresmith.environment.accelerator import detect_accelerator

        found = detect_accelerator()
    except ImportError:
        detail = "unknown: torch isn't installed"
        return Verdict(name="Accelerator", status="error", detail=detail, remedy=_SETUP)
    detail = f"{found.name}, {found.precision}"
    if found.kind == "cpu":
        remedy = "Fine for Gemma 3 270M; larger bases want CUDA or an Apple GPU."
        return Verdict(name="Accelerator", status="warning", detail=f"none; {detail}", remedy=remedy)
    return Verdict(name="Accelerator", status="ok", detail=detail)


def _memory(total: int) -> Verdict:
    detail = f"{total / 1e9:.1f} GB"
    if total < LEAST_MEMORY:
        remedy = f"The embedded default needs {LEAST_MEMORY / 1e9:.0f} GB."
        return Verdict(name="Memory", status="error", detail=detail, remedy=remedy)
    return Verdict(name="Memory", status="ok", detail=detail)


def _disk(free: int) -> Verdict:
    detail = f"{free / 1e9:.1f} GB free"
    if free < LEAST_DISK:
        remedy = f"A build of the embedded default takes {LEAST_DISK / 1e9:.0f} GB: free some space."
        return Verdict(name="Disk", status="error", detail=detail, remedy=remedy)
    return Verdict(name="Disk", status="ok", detail=detail)


def _hub() -> Verdict:
    if hub_is_reachable():
        return Verdict(name="Model hub", status="ok", detail="reachable")
    remedy = "Only Gemma 3n, Gemma 3 1B and Qwen 3 need it; the embedded default doesn't."
    return Verdict(name="Model hub", status="warning", detail="not reachable", remedy=remedy)


def _existing(path: Path) -> Path:
    path = path.resolve()
    while not path.exists():
        path = path.parent
    return path
