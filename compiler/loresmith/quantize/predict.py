"""What a quantized file of a known base will weigh, without the libraries that make it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml


def predicted_bytes(base_name: str, kind: str) -> int | None:
    """The size in bytes of base `base_name` in quantization `kind`; None where it isn't known."""
    return known_sizes(base_name).get(kind)


def known_sizes(base_name: str) -> Mapping[str, int]:
    """Kind -> bytes for one base; empty for a base that isn't in the table."""
    return MappingProxyType(_table().get(base_name, {}))


@cache
def _table() -> dict[str, dict[str, int]]:
    source = resources.files("loresmith.quantize").joinpath("sizes.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(source)
