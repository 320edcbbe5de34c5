"""Which programs an artefact is made with."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

import loresmith

_PACKAGES = ("torch", "transformers", "peft", "tokenizers", "gguf", "llama-cpp-python", "wordfreq")
"""Packages that decide what bytes come out of a stage."""


@cache
def installed_versions() -> dict[str, str]:
    """The versions of loresmith, Python and those packages that are installed here, by name."""
    found = {"loresmith": loresmith.__version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
