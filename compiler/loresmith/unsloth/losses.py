"""The loss of samples under unsloth's model, which takes padded batches of labelled tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train.world import World

_IGNORED = -100
"""The label of a token that carries no loss, as transformers has it."""

AT_ONCE = 256
"""Samples in memory, of a split that is on disk."""


def padded_losses(
    model: Any, samples: Sequence[Sample], train: Train, device: str, _world: World
) -> Iterator[torch.Tensor]:
    """The summed, weighted loss of some samples after the other, until all had their turn.

    The model gives the mean over a batch's supervised tokens; the tokens of a batch all weigh the same, so that their
    sum is the mean times their number. On CUDA a base in bf16 computes in it, its adapter in fp32.
    """
    lower = device == "cuda" and next(model.parameters()).dtype == torch.bfloat16
    for start in range(0, len(samples), AT_ONCE):
        for group in padded_groups(samples[start : start + AT_ONCE], train.row_tokens):
            ids, mask, labels = (tensor.to(device) for tensor in padded_batch(group))
            with torch.autocast(device, dtype=torch.bfloat16, enabled=lower):
                mean = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            yield mean * (group[0].weight * sum(sample.supervised for sample in group))


def padded_groups(samples: Sequence[Sample], capacity: int) -> list[list[Sample]]:
    """The samples in groups of one weight that, padded to their longest, take at most `capacity` tokens.

    Longest first, so that neighbours are about as long; a sample that is longer stands alone, none is cut.
    """
    groups: list[list[Sample]] = []
    for sample in sorted(samples, key=lambda one: (-one.weight, -len(one.ids), one.id)):
        group = groups[-1] if groups else []
        fits = bool(group) and group[0].weight == sample.weight
        if fits and (len(group) + 1) * len(group[0].ids) <= capacity:
            group.append(sample)
        else:
            groups.append([sample])
    return groups


def padded_batch(group: Sequence[Sample]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token ids, attention mask and labels, each (samples, longest); padded at the right with id 0."""
    longest = max(len(sample.ids) for sample in group)
    ids = torch.zeros(len(group), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    labels = torch.full_like(ids, _IGNORED)
    for number, sample in enumerate(group):
        length = len(sample.ids)
        ids[number, :length] = torch.tensor(sample.ids)
        mask[number, :length] = 1
        for start, end in sample.spans:
            labels[number, start:end] = ids[number, start:end]
    return ids, mask, labels
