"""The table of bases whose size and needs are known beforehand."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict

from loresmith.recipe.schema import Base


class KnownBase(BaseModel):
    """Weights in numbers of parameters, `download` and `memory` in bytes. `tokens` counts the rows of the head,
    `vocabulary` the weights of all rows, those that Gemma 3n has for each layer too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    sizes: str
    body: int
    head: int
    tokens: int
    vocabulary: int
    download: int
    memory: int


@cache
def known_bases() -> dict[str, KnownBase]:
    """The table, by package or hub name."""
    source = resources.files("loresmith.plan").joinpath("bases.yaml").read_text(encoding="utf-8")
    return {name: KnownBase(**entry) for name, entry in yaml.safe_load(source).items()}


def known_base(base: Base) -> KnownBase | None:
    """What is known of a recipe's base; None for a base that isn't in the table."""
    return known_bases().get(base.name)
