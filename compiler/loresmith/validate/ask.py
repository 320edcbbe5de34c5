"""A model file asked in a process of its own: its greedy answers to prompts, and how likely it finds the references."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.generate.model_file import require_gguf
from loresmith.generate.patience import patience
from loresmith.generate.refusal import NO_MEMORY, refusal
from loresmith.process.child import ChildFailed, run_child
from loresmith.validate.answers import Answer, Prompt


@dataclass(frozen=True)
class Cost:
    """What a reply costs a model: the nats of all its tokens together, and how many they are."""

    nats: float
    tokens: int


@dataclass(frozen=True)
class Reply:
    """What was asked for of one prompt: the answer, and the costs of the reference, after the prompt itself and after
    each turned one."""

    answer: Answer | None
    costs: tuple[Cost, ...]


@dataclass(frozen=True)
class Asking:
    """What is wanted of each prompt: an answer of at most `max_new_tokens`, none for 0; with a `grammar`, in GBNF, only
    what it allows; and what the references cost, where there are `turned` prompts for each, if only none."""

    max_new_tokens: int
    gpu_layers: int = 0
    grammar: str | None = None
    turned: Sequence[Sequence[Prompt]] | None = None


def replies_of(
    model: Path, prompts: Sequence[Prompt], asking: Asking, report: Callable[[float], None]
) -> list[Reply]:
    """What the model file replies, in the order of the prompts. Several scenarios are asked at once.

    Raises InvalidCall when there is no such file, Rejected when llama.cpp can't load or run it.
    """
    return [
        Reply(
            answer=Answer(**reply["answer"]) if reply["answer"] else None,
            costs=tuple(Cost(*cost) for cost in reply["costs"]),
        )
        for reply in _run_worker(model, _request(model, prompts, asking), report)
    ]


def require_askable(model: Path, prompt: Prompt) -> None:
    """Raise what `replies_of` would for a file that can't be asked, as far as a prompt shows it: it is built, and the
    weights stay unread."""
    replies_of(model, [prompt], Asking(max_new_tokens=0), lambda _done: None)


def _request(model: Path, prompts: Sequence[Prompt], asking: Asking) -> dict[str, Any]:
    turned = asking.turned or [()] * len(prompts)
    return {
        "model": str(model),
        "grammar": asking.grammar,
        "threads": os.cpu_count() or 1,
        "gpu_layers": asking.gpu_layers,
        "max_new_tokens": asking.max_new_tokens,
        "scored": asking.turned is not None,
        "prompts": [
            {
                "scenario": prompt.scenario,
                "messages": _messages(prompt),
                "turned": [_messages(other) for other in others],
                "reference": prompt.reference,
            }
            for prompt, others in zip(prompts, turned, strict=True)
        ],
    }


def _messages(prompt: Prompt) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in prompt.messages]


def _run_worker(
    model: Path, request: dict[str, Any], report: Callable[[float], None]
) -> list[dict[str, Any]]:
    require_gguf(model)
    with tempfile.TemporaryDirectory() as scratch:
        asked, said = Path(scratch) / "request.json", Path(scratch) / "response.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        try:
            run_child("loresmith.validate.worker", [str(asked), str(said)], report, patience())
        except ChildFailed as error:
            raise refusal(model, NO_MEMORY if error.lacked_memory else error.said) from error
        return json.loads(said.read_text(encoding="utf-8"))
