"""The proof of a merge: the merged folder, loaded afresh, says what base and adapter say together."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict

from loresmith.base.acquire import read_config
from loresmith.families.family import Family, family_of
from loresmith.train.model import load_base


class Agreement(BaseModel):
    """How far two models' logits agree over the same tokens; 1, 0 and 1 for the same model."""

    model_config = ConfigDict(frozen=True)

    correlation: float
    """Pearson's, over all positions and the whole vocabulary."""
    max_abs_difference: float
    top1_agreement: float
    """The part of the positions where both prefer the same token."""
    positions: int


def compare_logits(base: Path, adapter: Path, merged: Path, token_ids: Sequence[int]) -> Agreement:
    """Compare the merged folder's logits with those of base and PEFT adapter, in fp32 on the CPU.

    The models are loaded one after the other: memory holds one of them and two tables of logits.
    """
    family = family_of(read_config(base).get("architectures") or [])
    expected = _logits(base, family, adapter, token_ids)
    return agreement(expected, _logits(merged, family, None, token_ids))


def agreement(expected: torch.Tensor, actual: torch.Tensor) -> Agreement:
    """The agreement of two tables of logits, positions by vocabulary."""
    return Agreement(
        correlation=_correlation(expected, actual),
        max_abs_difference=float((expected - actual).abs().max()),
        top1_agreement=float((expected.argmax(-1) == actual.argmax(-1)).double().mean()),
        positions=expected.shape[0],
    )


def _correlation(expected: torch.Tensor, actual: torch.Tensor) -> float:
    """Pearson's correlation, summed row by row in fp64: a vocabulary of 262,144 makes long tables."""
    mean_e, mean_a = float(expected.mean(dtype=torch.float64)), float(actual.mean(dtype=torch.float64))
    cross = square_e = square_a = 0.0
    for row_e, row_a in zip(expected, actual, strict=True):
        e, a = row_e.double() - mean_e, row_a.double() - mean_a
        cross, square_e, square_a = cross + float(e @ a), square_e + float(e @ e), square_a + float(a @ a)
    return cross / (square_e * square_a) ** 0.5


def _logits(folder: Path, family: Family, adapter: Path | None, token_ids: Sequence[int]) -> torch.Tensor:
    from peft import PeftModel

    model: Any = load_base(folder, family, "fp32")
    if adapter:
        model = PeftModel.from_pretrained(model, str(adapter))
    model.eval()
    with torch.inference_mode():
        logits = model(torch.tensor([list(token_ids)])).logits[0].float().clone()
    del model
    gc.collect()
    return logits
