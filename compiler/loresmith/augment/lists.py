"""The room's lists of words, which lie beside it as YAML."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def listed(name: str) -> dict[str, Any]:
    """The lists in `<name>.yaml`, by key."""
    source = resources.files("loresmith.augment").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(source)


@cache
def words_listed(name: str) -> frozenset[str]:
    """The words of all lists in `<name>.yaml`."""
    return frozenset(word for words in listed(name).values() for word in words)
