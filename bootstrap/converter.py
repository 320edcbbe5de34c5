"""llama.cpp's HF -> GGUF converter, from the source of the pinned llama-cpp-python."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from packages import Installer, say

LLAMA = "llama-cpp-python"
SDIST_SHA256 = {"0.3.36": "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"}
WANTED = ("convert_hf_to_gguf.py", "convert_lora_to_gguf.py", "conversion/", "gguf-py/", "LICENSE")


def place_converter(installer: Installer, venv: Path, version: str) -> None:
    """Put the converter into the environment, whole or not at all; raises SetupError when it can't be had.

    pip checks the source's sha256 before it runs anything of it.
    """
    destination = venv / "share" / "loresmith" / f"llama.cpp-{version}"
    if destination.exists():
        return
    say("Placing the GGUF converter, which comes with llama.cpp's source")
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(f"{LLAMA}=={version} --hash=sha256:{SDIST_SHA256[version]}", encoding="utf-8")
        # Only this one from source: its build tools may come as wheels.
        options = ["--no-deps", "--no-binary", LLAMA, "--dest", scratch, "-r", str(wanted)]
        installer.run(["download", *options], "the GGUF converter")
        unpack_converter(next(Path(scratch).glob("*.tar.gz")), destination)


def is_llama(pin: str) -> bool:
    """Whether a pin is llama-cpp-python's; `pip freeze` writes the name either way."""
    return pin.partition("==")[0].lower().replace("_", "-") == LLAMA


def unpack_converter(sdist: Path, destination: Path) -> None:
    """Unpack the converter's files of an sdist; a path that leads outside raises tarfile.FilterError."""
    work = destination.with_name(f".{destination.name}.work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with tarfile.open(sdist) as archive:
        for member in archive:
            inside = _inside(member.name)
            if member.isfile() and inside.startswith(WANTED):
                member.name = inside
                archive.extract(member, work, filter="data")
    work.rename(destination)


def _inside(name: str) -> str:
    """A member's path below llama.cpp's own folder of the sdist, `` for others."""
    parts = name.split("/", 3)
    return parts[3] if len(parts) == 4 and parts[1:3] == ["vendor", "llama.cpp"] else ""
