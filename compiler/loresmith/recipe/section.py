"""The base of every part of a recipe."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """Base of every part of a recipe: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def known_name(name: str, noun: str, table: Iterable[str]) -> str:
    """The name, where it is in the table; raises ValueError with a did-you-mean."""
    names = list(table)
    if name in names:
        return name
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise ValueError(f"there is no {noun} {name!r}: {hint}known: {', '.join(names)}")
