"""What a trimmed model says beside the whole one: logits of the kept tokens, and bits a byte of text."""

from __future__ import annotations

import gc
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict

from loresmith.families.family import Family
from loresmith.train.model import load_base
from loresmith.trim.needed import tokenizer_of
from loresmith.trim.numbering import Numbering

PROMPT_TOKENS = 64
"""Tokens of the first text over which logits are compared."""


class Fidelity(BaseModel):
    """How little trimming changed."""

    model_config = ConfigDict(frozen=True)

    max_logit_difference: float
    """Over the kept tokens: the body is untouched, so it is the noise of rounding, or 0."""
    bits_per_byte_before: float
    bits_per_byte_after: float
    """Lower where the mass of the tokens that are gone went to those that stay."""
    bytes: int
    """Of text measured."""


class Reading(BaseModel):
    """What one model made of the texts: bits for all of them, and its logits over the prompt."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    bits: float
    logits: torch.Tensor


def fidelity(
    base: Path, trimmed: Path, family: Family, numbering: Numbering, texts: Sequence[str]
) -> Fidelity:
    """Compare a trimmed folder with the base it was cut from over `texts`, in fp32 on the CPU.

    Each text stands for itself, is read by the folder's own tokenizer, and begins with BOS where the family has one.
    The models are loaded one after the other. The first text must be made of kept tokens alone.
    """
    whole = read_texts(base, family, texts)
    cut = read_texts(trimmed, family, texts)
    expected = whole.logits[:, torch.tensor(numbering.kept)]
    size = sum(len(text.encode()) for text in texts)
    return Fidelity(
        max_logit_difference=float((expected - cut.logits).abs().max()),
        bits_per_byte_before=whole.bits / size,
        bits_per_byte_after=cut.bits / size,
        bytes=size,
    )


def read_texts(folder: Path, family: Family, texts: Sequence[str]) -> Reading:
    """The bits that a folder's model needs for the texts, and its logits over the beginning of the first."""
    tokenizer, model = tokenizer_of(folder), load_base(folder, family, "fp32").eval()
    bits, first = 0.0, None
    with torch.inference_mode():
        for text in texts:
            ids = _ids(tokenizer, family, text)
            logits: Any = model(torch.tensor([ids])).logits[0].float()
            targets = torch.tensor(ids[1:])
            nats = torch.nn.functional.cross_entropy(logits[:-1], targets, reduction="sum")
            bits += float(nats) / math.log(2)
            first = logits[:PROMPT_TOKENS].clone() if first is None else first
    del model
    gc.collect()
    assert first is not None
    return Reading(bits=bits, logits=first)


def _ids(tokenizer: Any, family: Family, text: str) -> list[int]:
    begun = text if not family.bos or text.startswith(family.bos) else family.bos + text
    return tokenizer.encode(begun, add_special_tokens=False).ids
