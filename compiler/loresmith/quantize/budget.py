"""Size budgets: reading them, and refusing a file that is over its budget."""

from __future__ import annotations

import re

from loresmith.diagnostics.failure import Rejected

_UNITS = {
    "": 1, "b": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9,
    "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
_MOST_BYTES = {"f16": 2.0, "bf16": 2.0}
"""The most that a weight of the vocabulary takes in a kind; in all others it is Q8_0's 34 bytes for 32 weights."""
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_size(text: str) -> int:
    """A size in bytes: kB, MB and GB are powers of 1000 (2GB is 2,000,000,000), KiB, MiB and GiB of 1024.

    Raises ValueError for anything else, and for nothing at all.
    """
    match = _SIZE.fullmatch(text)
    unit = match[2].lower() if match else None
    if not match or unit not in _UNITS:
        raise ValueError(f"{text!r} isn't a size; write it like 2GB, 500MB or 1.5GiB")
    size = round(float(match[1]) * _UNITS[unit])
    if size <= 0:
        raise ValueError(f"{text!r} is no size at all")
    return size


def require_fits(kind: str, size: int, budget: int, sizes: str | None) -> None:
    """Raise Rejected when `size` bytes of quantization `kind` are over `budget` bytes.

    `sizes` names the base in the table of known sizes; the failure then says which other kinds would fit.
    """
    if size <= budget:
        return
    raise Rejected(
        f"The {kind} file takes {size:,} bytes; the budget is {budget:,} ({size - budget:,} too many).",
        remedy=_what_would_fit(kind, budget, sizes),
    )


def require_could_fit(kind: str, size: int, vocabulary: int, budget: int) -> None:
    """Raise Rejected when a file of `size` bytes would be over the budget though its whole vocabulary were cut:
    `vocabulary` weights."""
    least = _least_bytes(kind, size, vocabulary)
    if least > budget:
        raise Rejected(
            f"The {kind} file takes {least:,} bytes even without its vocabulary; the budget is {budget:,}.",
            remedy="Choose a smaller quantization or a smaller base, or raise max_size.",
        )


def require_cut_fits(kind: str, size: int, weights: int, text: int, budget: int) -> None:
    """Raise Rejected when a file of `size` bytes is sure to be over the budget though `weights` weights of the
    vocabulary and `text` bytes of token lists are cut from it."""
    least = _least_bytes(kind, size, weights) - text
    if least > budget:
        raise Rejected(
            f"The {kind} file will take {least:,} bytes with the cut vocabulary; the budget is {budget:,} "
            f"({least - budget:,} too many).",
            remedy="Choose a smaller quantization or a smaller base, keep fewer tokens "
            "(vocabulary.keep), or raise max_size.",
        )


def _least_bytes(kind: str, size: int, weights: int) -> int:
    """What is left of `size` bytes, at the least, without so many weights of the vocabulary."""
    return size - round(weights * _MOST_BYTES.get(kind, 34 / 32))


def _what_would_fit(kind: str, budget: int, base: str | None) -> str:
    from loresmith.quantize.predict import known_sizes

    sizes = {other: size for other, size in known_sizes(base).items() if other != kind} if base else {}
    if not sizes:
        return "Choose a smaller quantization or a smaller base, or raise max_size."
    fitting = {other: size for other, size in sizes.items() if size <= budget}
    if fitting:
        return f"These fit: {_listed(fitting, reverse=True)}. Or raise max_size."
    return f"No quantization of {base} fits; the smallest are {_listed(sizes, reverse=False)}. " \
        "Choose a smaller base or raise max_size."  # fmt: skip


def _listed(sizes: dict[str, int], *, reverse: bool) -> str:
    """Up to five kinds with their sizes: the largest that fits first, or the smallest when none does."""
    ordered = sorted(sizes.items(), key=lambda item: item[1], reverse=reverse)
    return ", ".join(f"{kind} ({size:,} bytes)" for kind, size in ordered[:5])
