"""Codes that a comment silences."""

from __future__ import annotations

from collections.abc import Sequence


def covers(codes: Sequence[str], code: str) -> bool:
    """Whether silenced codes are this one or all; an empty code stands for all."""
    return "" in codes or code in codes
