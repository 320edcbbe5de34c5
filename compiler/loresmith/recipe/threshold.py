"""Thresholds as recipes write them: `">= 0.80"`, `"<= 0.10"`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_SHARE = r"(?:0(?:\.\d+)?|1(?:\.0+)?)"


def _bound(sign: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """What reads a share behind a sign, and the JSON Schema of it."""
    pattern = rf"{sign} *({_SHARE})"

    def read(given: Any) -> float:
        found = re.fullmatch(pattern, given.strip()) if isinstance(given, str) else None
        if found is None:
            raise ValueError(
                f'{given!r} is no threshold; write it like "{sign} 0.8", a share between 0 and 1'
            )
        return float(found[1])

    schema = {"type": "string", "pattern": f"^{pattern}$", "examples": [f"{sign} 0.8"]}
    return BeforeValidator(read), WithJsonSchema(schema)


AtLeast = Annotated[float, *_bound(">=")]
"""The least share that is good enough, written `">= 0.80"`."""
AtMost = Annotated[float, *_bound("<=")]
"""The largest share that is good enough, written `"<= 0.10"`."""
