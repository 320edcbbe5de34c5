"""How far a file's predictions moved from those of what it was made from."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import Rejected
from loresmith.process.child import ChildFailed, run_child


class Divergence(BaseModel):
    """KL divergence, in nats a token, of the candidate's next-token distribution from the reference's.

    A good q8_0 has a mean under 0.01, a good q4_k_m under 0.1.
    """

    model_config = ConfigDict(frozen=True)

    mean: float
    p99: float
    max: float
    top1_agreement: float
    """The part of the positions where both prefer the same token."""
    positions: int


def divergence(
    reference: Path,
    candidate: Path,
    sequences: Sequence[Sequence[int]],
    positions: Sequence[Sequence[int]],
    report: Callable[[float], None],
) -> Divergence:
    """Compare a GGUF file with another, or with the Hugging Face folder it was made from.

    They are compared over token `sequences`, at `positions` of each.

    Position 0 is what is predicted after the first token.

    KL(P||Q) = sum over the vocabulary of p * (ln p - ln q), P being the reference: Kullback & Leibler 1951,
    "On Information and Sufficiency"; the measure of llama.cpp's `perplexity --kl-divergence`.
    Raises ValueError when there is no position, Rejected when llama.cpp can't run one of the files.
    """
    _require_positions(sequences, positions)
    request = {
        "reference": str(reference),
        "candidate": str(candidate),
        "threads": os.cpu_count() or 1,
        "sequences": [list(sequence) for sequence in sequences],
        "positions": [sorted(set(chosen)) for chosen in positions],
    }
    with tempfile.TemporaryDirectory() as scratch:
        asked, said = Path(scratch) / "request.json", Path(scratch) / "response.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        try:
            run_child("loresmith.quantize.comparison", [str(asked), str(said)], report)
        except ChildFailed as error:
            raise Rejected(
                f"llama.cpp can't compare these files: {error.said}", where=str(candidate)
            ) from error
        return Divergence(**json.loads(said.read_text(encoding="utf-8")))


def _require_positions(sequences: Sequence[Sequence[int]], positions: Sequence[Sequence[int]]) -> None:
    if not any(positions):
        raise ValueError("there is no position to compare")
    for sequence, chosen in zip(sequences, positions, strict=True):
        if any(not 0 <= position < len(sequence) for position in chosen):
            raise ValueError("a position lies outside its sequence")
