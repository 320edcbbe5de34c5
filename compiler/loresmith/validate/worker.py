"""Asks a model file in a process of its own: `python -m loresmith.validate.worker REQUEST RESPONSE`.

A failed assertion inside llama.cpp ends the process; here it can't take the build with it.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from loresmith.environment.memory import total_memory_bytes
from loresmith.generate.constrained import CLOSING
from loresmith.generate.reader import Reader, Weights, cache_bytes
from loresmith.process.child import say_progress
from loresmith.validate.file_template import read_words, rendered_prompt
from loresmith.validate.replying import Asked, Replier
from loresmith.validate.together import Reading, read_together

SEQUENCES = 8
"""Scenarios asked at once. On two cores eight make 190 answer tokens a second, one 80; each holds its own context."""


def main() -> None:
    """Write the replies to all prompts of the request, rendered by the file's own template, in their order; where it
    wants neither an answer nor a cost, the prompts are rendered alone.

    Ends with a message when the file can't be asked.
    """
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    words = read_words(request["model"])
    asked = [_rendered(words, number, prompt) for number, prompt in enumerate(request["prompts"])]
    replies = _replies(request, words, asked) if request["max_new_tokens"] or request["scored"] else []
    Path(sys.argv[2]).write_text(json.dumps(replies), encoding="utf-8")


def _rendered(words: Any, number: int, prompt: dict[str, Any]) -> Asked:
    text = rendered_prompt(words, prompt["messages"])
    turned = [rendered_prompt(words, messages) for messages in prompt["turned"]]
    return Asked(
        number=number,
        scenario=prompt["scenario"],
        text=text,
        ids=_ids(words, text),
        turned=[_ids(words, other) for other in turned],
        reference=words.tokenize(prompt["reference"].encode(), add_bos=False, special=False),
        native=_native(words, prompt["messages"]),
    )


def _ids(words: Any, text: str) -> list[int]:
    return words.tokenize(text.encode(), add_bos=False, special=True)


def _replies(request: dict[str, Any], words: Any, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """The first scenario alone, as a phone would ask, so that its answers show the speed; the others together."""
    replies: list[dict[str, Any]] = [{} for _ in asked]

    def done(number: int, reply: dict[str, Any]) -> None:
        replies[number] = reply
        say_progress(sum(map(bool, replies)) / len(replies))

    weights = Weights(request["model"], request["gpu_layers"])
    first, *others = [list(part) for _, part in groupby(asked, key=lambda one: one.scenario)]
    for scenarios in ([first], others):
        if scenarios:
            context = _context(scenarios, request["max_new_tokens"])
            sequences = _sequences(len(scenarios), context * cache_bytes(words.metadata))
            reader = Reader(weights, context, request["threads"], sequences)
            replier = Replier(reader, words, request, done, alone=sequences == 1)
            made: list[Callable[[int], Reading[None]]] = [
                partial(replier.scenario, part) for part in scenarios
            ]
            read_together(reader, made, sequences)
            reader.close()
    return replies


def _context(scenarios: Sequence[Sequence[Asked]], max_new_tokens: int) -> int:
    """Tokens of the longest prompt with the longest answer, or its reference."""
    asked = [one for part in scenarios for one in part]
    prompts = [(len(ids), len(one.reference)) for one in asked for ids in (one.ids, *one.turned)]
    return max(prompt + max(max_new_tokens + CLOSING, reference) for prompt, reference in prompts) + 8


def _sequences(scenarios: int, context_bytes: int) -> int:
    """How many scenarios are asked at once: as many as a quarter of the machine's memory has room for.

    What happens to be free would make the scores hang on it: who shares a batch can turn a near tie.
    """
    return max(1, min(SEQUENCES, scenarios, total_memory_bytes() // 4 // context_bytes))


def _native(words: Any, messages: list[dict[str, str]]) -> str:
    """The prompt by llama.cpp's built-in formatter for this template, which phones use; without BOS."""
    import llama_cpp

    turns = (llama_cpp.llama_chat_message * len(messages))(
        *(llama_cpp.llama_chat_message(m["role"].encode(), m["content"].encode()) for m in messages)
    )
    template = words.metadata["tokenizer.chat_template"].encode()
    size = 2 * sum(len(m["content"].encode()) + 64 for m in messages)
    buffer: Any = ctypes.create_string_buffer(size)
    used = llama_cpp.llama_chat_apply_template(template, turns, len(messages), True, buffer, size)
    return buffer.raw[:used].decode() if 0 <= used <= size else ""


if __name__ == "__main__":
    main()
