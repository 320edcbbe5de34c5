"""Conversations as files of samples, one file for each split."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from loresmith.diagnostics.failure import Rejected
from loresmith.lower.conversation import Conversation
from loresmith.render.tokens import Sample, Tokens
from loresmith.store.files import write_atomically

SPLITS = ("train", "eval", "test")


def build_dataset(
    conversations: Sequence[Conversation], tokens: Tokens, context: int, folder: Path
) -> dict[str, int]:
    """Write `train.jsonl`, `eval.jsonl` and `test.jsonl`; gives counts of scenarios and tokens.

    Raises Rejected when a sample is longer than `context` tokens, or when a needed split is empty.
    """
    samples = {split: [tokens.sample(c) for c in conversations if c.split == split] for split in SPLITS}
    _require_fit([s for part in samples.values() for s in part], context)
    for split in ("train", "eval"):
        if not samples[split]:
            raise Rejected(
                f"No scenario is in the {split} split.",
                remedy=f"Write more scenarios, or put `split: {split}` into the front matter of some.",
            )
    for split, part in samples.items():
        write_atomically(folder / f"{split}.jsonl", "".join(f"{s.model_dump_json()}\n" for s in part))
    return {f"{split}_{name}": n for split in SPLITS for name, n in _counts(samples[split]).items()}


T = TypeVar("T", Conversation, Sample)


def limited(conversations: Sequence[Conversation], limit: int | None) -> list[Conversation]:
    """At most `limit` conversations of each split, in their original order."""
    if limit is None:
        return list(conversations)
    chosen = {
        c.id for split in SPLITS for c in first_by_hash([c for c in conversations if c.split == split], limit)
    }
    return [c for c in conversations if c.id in chosen]


def first_by_hash(scenarios: Sequence[T], limit: int) -> list[T]:
    """At most `limit` scenarios, chosen by the hash of their ids, so that new ones don't push all the others out; in
    their original order."""
    ranked = sorted(scenarios, key=lambda one: hashlib.sha256(one.id.encode()).hexdigest())
    chosen = {one.id for one in ranked[:limit]}
    return [one for one in scenarios if one.id in chosen]


def read_samples(folder: Path, split: str) -> list[Sample]:
    """The samples of one split, in the order of the file."""
    lines = (folder / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Sample.model_validate_json(line) for line in lines]


def _counts(samples: Sequence[Sample]) -> dict[str, int]:
    return {
        "scenarios": len(samples),
        "tokens": sum(len(s.ids) for s in samples),
        "supervised": sum(s.supervised for s in samples),
    }


def _require_fit(samples: Sequence[Sample], context: int) -> None:
    long = [sample for sample in samples if len(sample.ids) > context]
    if long:
        lines = [f"{s.path}:1:1: SC504 error: {len(s.ids)} tokens, the context holds {context}" for s in long]
        raise Rejected(
            f"{len(long)} of {len(samples)} scenarios are longer than the recipe's context.",
            excerpt="\n".join(lines),
            remedy="Shorten them, split them in two, or raise train.context. Nothing is ever cut silently.",
        )
