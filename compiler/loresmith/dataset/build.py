"""Conversations as files of samples, one file for each split."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from loresmith.augment.derive import parent_of
from loresmith.dataset.sample_file import SampleFile
from loresmith.diagnostics.failure import Rejected
from loresmith.ir.scenario import Scenario
from loresmith.lower.conversation import Conversation
from loresmith.render.tokens import Sample, Tokens
from loresmith.store.files import json_lines

SPLITS = ("train", "eval", "test")
WRITTEN = ("train", "eval")
"""The splits that a dataset keeps the samples of."""


def build_dataset(
    conversations: Iterable[Conversation], tokens: Tokens, context: int, folder: Path
) -> dict[str, int]:
    """Write `train.jsonl` and `eval.jsonl`, one conversation after the other; gives counts of scenarios and tokens.

    The test split is counted and checked alone: it is asked from the scenarios, and nothing is built anew for it.
    A derived conversation longer than `context` tokens is left out. Raises Rejected when a written one is, or when a
    needed split is empty.
    """
    counts = {f"{split}_{name}": 0 for split in SPLITS for name in ("scenarios", "tokens", "supervised")}
    long: list[str] = []
    with ExitStack() as opened:
        files = {s: opened.enter_context(file_of(folder, s).open("w", encoding="utf-8")) for s in WRITTEN}
        for conversation in conversations:
            sample, split = tokens.sample(conversation), conversation.split
            if len(sample.ids) > context and parent_of(conversation.id) is not None:
                # A copy's new names may be longer; its parent is in the dataset all the same.
                continue
            if split in files:
                files[split].write(f"{sample.model_dump_json()}\n")
            counts[f"{split}_scenarios"] += 1
            counts[f"{split}_tokens"] += len(sample.ids)
            counts[f"{split}_supervised"] += sample.supervised
            if len(sample.ids) > context:
                long.append(
                    f"{sample.path}:1:1: SC504 error: {len(sample.ids)} tokens, the context holds {context}"
                )
    _require_fit(long, sum(counts[f"{split}_scenarios"] for split in SPLITS))
    for split in WRITTEN:
        if not counts[f"{split}_scenarios"]:
            raise Rejected(
                f"No scenario is in the {split} split.",
                remedy=f"Write more scenarios, or put `split: {split}` into the front matter of some.",
            )
    return counts


def file_of(folder: Path, split: str) -> Path:
    """Where a dataset keeps the samples of a split."""
    return folder / f"{split}.jsonl"


T = TypeVar("T", Conversation, Sample, Scenario)


def limited(conversations: Iterable[Conversation], limit: int | None) -> Iterable[Conversation]:
    """At most `limit` written conversations of each split and what is derived from them, in their original order;
    without a limit, those that came."""
    if limit is None:
        return conversations
    every = list(conversations)
    written = [c for c in every if parent_of(c.id) is None]
    chosen = {
        c.id for split in SPLITS for c in first_by_hash([c for c in written if c.split == split], limit)
    }
    return [c for c in every if (parent_of(c.id) or c.id) in chosen]


def first_by_hash(scenarios: Sequence[T], limit: int) -> list[T]:
    """At most `limit` scenarios, chosen by the hash of their ids, so that new ones don't push all the others out; in
    their original order."""
    ranked = sorted(scenarios, key=lambda one: _rank(one.id))
    chosen = {one.id for one in ranked[:limit]}
    return [one for one in scenarios if one.id in chosen]


def read_samples(folder: Path, split: str) -> list[Sample]:
    """The samples of one split, in the order of the file, all in memory."""
    return [Sample.model_validate_json(line) for line in json_lines(file_of(folder, split))]


def samples_of(folder: Path, split: str) -> SampleFile:
    """The samples of one split, in the order of the file, each read when it is asked for."""
    return SampleFile(file_of(folder, split))


def few_samples(folder: Path, split: str, limit: int) -> list[Sample]:
    """At most `limit` samples of a split, chosen by the hash of their ids, in the order of the file."""
    samples = samples_of(folder, split)
    chosen = heapq.nsmallest(limit, range(len(samples)), key=lambda number: _rank(samples[number].id))
    return [samples[number] for number in sorted(chosen)]


def _rank(scenario_id: str) -> str:
    return hashlib.sha256(scenario_id.encode()).hexdigest()


def _require_fit(long: Sequence[str], count: int) -> None:
    if long:
        raise Rejected(
            f"{len(long)} of {count} scenarios are longer than the recipe's context.",
            excerpt="\n".join(long),
            remedy="Shorten them, split them in two, or raise train.context. Nothing is ever cut silently.",
        )
