"""Verdicts on everything that a build needs."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.version import Version
from pydantic import BaseModel, ConfigDict

from loresmith.environment.accelerator import Accelerator, detect_accelerator
from loresmith.environment.hub import hub_endpoint, hub_is_reachable
from loresmith.environment.memory import available_memory_bytes, free_disk_bytes, total_memory_bytes

CONVERTER_VERSION = "0.3.36"
OLDEST_PYTHON = "3.11"
LEAST_MEMORY = 6_000_000_000
"""Bytes of memory that the embedded default trains in."""
LEAST_DISK = 4_000_000_000
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
        python_verdict(platform.python_version()),
        *_dependencies(),
        converter_verdict(Path(sys.prefix)),
        compiler_verdict(_compiler(), built=_is_installed("llama-cpp-python")),
        accelerator_verdict(_accelerator()),
        memory_verdict(total_memory_bytes(), available_memory_bytes()),
        disk_verdict(free_disk_bytes(project)),
        hub_verdict(hub_endpoint(), reachable=hub_is_reachable()),
    ]


def python_verdict(version: str) -> Verdict:
    """Whether this Python is recent enough."""
    if Version(version) < Version(OLDEST_PYTHON):
        remedy = f"Install Python {OLDEST_PYTHON} or newer."
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


def converter_verdict(prefix: Path) -> Verdict:
    """Whether llama.cpp's converter is in the environment at `prefix`."""
    folder = prefix / "share" / "loresmith" / f"llama.cpp-{CONVERTER_VERSION}"
    if not (folder / "convert_hf_to_gguf.py").is_file():
        return Verdict(name="GGUF converter", status="error", detail="not placed", remedy=_SETUP)
    return Verdict(
        name="GGUF converter", status="ok", detail=f"llama.cpp of llama-cpp-python {CONVERTER_VERSION}"
    )


def compiler_verdict(found: str | None, *, built: bool) -> Verdict:
    """A C++ compiler is needed once, to build llama.cpp: without one, it matters whether that was done."""
    name = "C++ compiler"
    if found:
        return Verdict(name=name, status="ok", detail=found)
    if built:
        return Verdict(name=name, status="ok", detail="none; llama.cpp is built already")
    return Verdict(
        name=name, status="error", detail="none, and llama.cpp isn't built", remedy=_compiler_remedy()
    )


def accelerator_verdict(found: Accelerator | None) -> Verdict:
    """Which device trains; `found` is None when torch isn't there to ask."""
    name = "Accelerator"
    if found is None:
        return Verdict(name=name, status="error", detail="unknown: torch isn't installed", remedy=_SETUP)
    detail = f"{found.name}, {found.precision}"
    if found.kind == "cpu":
        remedy = "Fine for Gemma 3 270M; larger bases want CUDA or an Apple GPU."
        return Verdict(name=name, status="warning", detail=f"none; {detail}", remedy=remedy)
    return Verdict(name=name, status="ok", detail=f"{detail}, {_gb(found.memory_bytes)}")


def memory_verdict(total: int, available: int) -> Verdict:
    """Whether the embedded default can train in `total` bytes of memory, and can do so now."""
    detail = f"{_gb(total)}, {_gb(available)} available"
    least = f"The embedded default needs {_gb(LEAST_MEMORY)}"
    if total < LEAST_MEMORY:
        return Verdict(name="Memory", status="error", detail=detail, remedy=f"{least}: use a larger machine.")
    if available < LEAST_MEMORY:
        return Verdict(
            name="Memory", status="warning", detail=detail, remedy=f"{least}: close other programs."
        )
    return Verdict(name="Memory", status="ok", detail=detail)


def disk_verdict(free: int) -> Verdict:
    """Whether a build of the embedded default fits into `free` bytes of disk."""
    detail = f"{_gb(free)} free"
    if free < LEAST_DISK:
        remedy = f"A build of the embedded default takes {_gb(LEAST_DISK)}: free some space."
        return Verdict(name="Disk", status="error", detail=detail, remedy=remedy)
    return Verdict(name="Disk", status="ok", detail=detail)


def hub_verdict(endpoint: str, *, reachable: bool) -> Verdict:
    """Whether bases can be loaded from the hub, which the embedded default does without."""
    if reachable:
        return Verdict(name="Model hub", status="ok", detail=f"{endpoint} answers")
    remedy = "Only Gemma 3n, Gemma 3 1B and Qwen 3 need it (HF_ENDPOINT names a mirror); the default doesn't."
    return Verdict(name="Model hub", status="warning", detail="not reachable", remedy=remedy)


def _accelerator() -> Accelerator | None:
    try:
        return detect_accelerator()
    except ImportError:
        return None


def _compiler() -> str | None:
    """The path of the first C++ compiler."""
    return next((path for name in ("c++", "g++", "clang++", "cl") if (path := shutil.which(name))), None)


def _compiler_remedy() -> str:
    commands = {
        "Darwin": "xcode-select --install",
        "Windows": "winget install Microsoft.VisualStudio.2022.BuildTools",
    }
    linux = "sudo dnf install gcc-c++ make" if shutil.which("dnf") else "sudo apt install build-essential"
    return f"Run: {commands.get(platform.system(), linux)}"


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
