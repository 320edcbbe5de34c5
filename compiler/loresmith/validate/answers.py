"""A model file's greedy answers to the prompts of a split."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import Family
from loresmith.lower.conversation import Message
from loresmith.process.child import ChildFailed, run_child
from loresmith.render.prompt import render_prompt
from loresmith.render.tokens import Sample


class Prompt(BaseModel):
    """The true history before one DM message, and what that message says."""

    model_config = ConfigDict(frozen=True)

    scenario: str
    path: str
    category: str
    members: int
    ids: tuple[int, ...]
    messages: tuple[Message, ...]
    reference: str
    expected_calls: tuple[str, ...]


class Answer(BaseModel):
    """What the model said. `ended`: it stopped by itself, with an end-of-generation token."""

    model_config = ConfigDict(frozen=True)

    text: str
    ended: bool
    tokens: int
    rendered: str
    rendered_ids: tuple[int, ...]
    native: str


def prompts_of(samples: Sequence[Sample]) -> list[Prompt]:
    """One prompt for each DM message of the samples, in order."""
    return [prompt for sample in samples for prompt in _prompts(sample)]


def _prompts(sample: Sample) -> Iterator[Prompt]:
    replies = [n for n, message in enumerate(sample.messages) if message.role == "assistant"]
    for number, (start, _) in zip(replies, sample.spans, strict=True):
        yield Prompt(
            scenario=sample.id,
            path=sample.path,
            category=sample.category,
            members=sample.members,
            ids=sample.ids[:start],
            messages=sample.messages[:number],
            reference=sample.messages[number].content,
            expected_calls=sample.messages[number].expected_calls,
        )


def answers_of(
    model: Path,
    prompts: Sequence[Prompt],
    max_new_tokens: int,
    gpu_layers: int,
    report: Callable[[float], None],
) -> list[Answer]:
    """The model file's greedy answers, in the order of the prompts.

    Raises Rejected when llama.cpp can't load or run the file.
    """
    longest = max(len(prompt.ids) for prompt in prompts)
    request = {
        "model": str(model),
        "context": longest + max_new_tokens + 8,
        "threads": os.cpu_count() or 1,
        "gpu_layers": gpu_layers,
        "max_new_tokens": max_new_tokens,
        "prompts": [
            {"ids": p.ids, "messages": [{"role": m.role, "content": m.content} for m in p.messages]}
            for p in prompts
        ],
    }
    with tempfile.TemporaryDirectory() as scratch:
        asked, said = Path(scratch) / "request.json", Path(scratch) / "response.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        _run_worker(model, [str(asked), str(said)], report)
        return [Answer(**answer) for answer in json.loads(said.read_text(encoding="utf-8"))]


def _run_worker(model: Path, arguments: list[str], report: Callable[[float], None]) -> None:
    try:
        run_child("loresmith.validate.worker", arguments, report)
    except ChildFailed as error:
        raise Rejected(
            "llama.cpp can't run this model file.", where=str(model), remedy=f"It said: {error.said}"
        ) from error


def require_same_prompts(family: Family, prompts: Sequence[Prompt], answers: Sequence[Answer]) -> None:
    """Raise Rejected when the file's own template gives another prompt than the one that was trained on."""
    for prompt, answer in zip(prompts, answers, strict=True):
        ours = render_prompt(family, prompt.messages, reply_next=True)
        if answer.rendered != ours or answer.rendered_ids != prompt.ids:
            raise Rejected(
                "The model file renders a prompt differently from the one it was trained on.",
                where=prompt.path,
                remedy="Build again from the base: the chat template or the tokenizer was changed on the way.",
                excerpt=_first_difference(ours, answer.rendered),
            )
        if answer.native.strip() != ours.removeprefix(family.bos or "").strip():
            raise Rejected(
                "llama.cpp's built-in formatter renders a prompt differently from the one it was trained on.",
                where=prompt.path,
                excerpt=_first_difference(ours, answer.native),
            )
        if family.bos and ours.count(family.bos) != 1:
            raise Rejected("A prompt doesn't have exactly one BOS token.", where=prompt.path)


def _first_difference(ours: str, theirs: str) -> str:
    pairs = enumerate(zip(ours, theirs, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    return f"trained: …{ours[same : same + 60]!r}\nfile:    …{theirs[same : same + 60]!r}"
