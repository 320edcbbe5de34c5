"""Runs a model file in a process of its own: `python -m loresmith.validate.worker REQUEST RESPONSE`.

A failed assertion inside llama.cpp ends the process; here it can't take the build with it.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from pathlib import Path
from typing import Any

from loresmith.generate.constrained import CLOSING, GrammarFilter
from loresmith.process.child import say_progress
from loresmith.syntax.calls import open_call
from loresmith.validate.file_template import load, read_words, rendered_prompt


def main() -> None:
    """Answer every prompt of the request greedily, rendered by the file's own template; without a token to make, none.

    Ends with a message when the file can't be asked.
    """
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    prompts = _rendered(request)
    answers = _answers(request, prompts) if request["max_new_tokens"] else []
    Path(sys.argv[2]).write_text(json.dumps(answers), encoding="utf-8")


def _rendered(request: dict[str, Any]) -> list[tuple[str, list[int]]]:
    """Each prompt rendered, with its ids."""
    words = read_words(request["model"])
    rendered = [rendered_prompt(words, prompt["messages"]) for prompt in request["prompts"]]
    return [(text, words.tokenize(text.encode(), add_bos=False, special=True)) for text in rendered]


def _answers(request: dict[str, Any], prompts: list[tuple[str, list[int]]]) -> list[dict[str, Any]]:
    model = load(
        request["model"],
        n_ctx=max(len(ids) for _, ids in prompts) + request["max_new_tokens"] + CLOSING + 8,
        n_threads=request["threads"],
        n_batch=512,
        n_gpu_layers=request["gpu_layers"],
    )
    processor = GrammarFilter(model, request["grammar"]) if request["grammar"] else None
    answers: list[dict[str, Any]] = []
    for number, (prompt, (rendered, ids)) in enumerate(zip(request["prompts"], prompts, strict=True)):
        answers.append(
            {
                **_answered(model, ids, request["max_new_tokens"], processor),
                "prompt_tokens": len(ids),
                "rendered": rendered,
                "rendered_ids": ids,
                "native": _native(model, prompt["messages"]),
            }
        )
        say_progress((number + 1) / len(request["prompts"]))
    return answers


def _answered(model: Any, ids: list[int], limit: int, processor: GrammarFilter | None) -> dict[str, Any]:
    """The greedy answer up to an end-of-generation token or `limit` tokens, and how long it took.

    Under a grammar it doesn't end within a call: one that is open at the limit is closed, or where that takes more than
    CLOSING tokens left out, as an app would that acts on whole calls alone.
    `read_tokens` are those of the prompt that weren't known from the one before, `prompt_seconds` pass until the first
    token, `seconds` from there to the end; `memory_bytes` the process holds then.
    """
    import llama_cpp
    import psutil

    vocabulary: Any = llama_cpp.llama_model_get_vocab(model.model)
    produced: list[int] = []
    ended = False
    if processor:
        processor.restart()
    processors = llama_cpp.LogitsProcessorList([processor]) if processor else None
    context: Any = model.ctx
    llama_cpp.llama_perf_context_reset(context)
    started = first = time.monotonic()
    for token in model.generate(ids, temp=0.0, top_k=1, repeat_penalty=1.0, logits_processor=processors):
        first = time.monotonic() if not produced else first
        if llama_cpp.llama_vocab_is_eog(vocabulary, token):
            ended = True
            break
        produced.append(token)
        if len(produced) >= limit and (processor is None or processor.may_end):
            break
        if len(produced) >= limit + CLOSING:
            break
    text = model.detokenize(produced, prev_tokens=ids).decode("utf-8", errors="replace")
    if processor and (begun := open_call(text)):
        text = text.removesuffix(begun)
    measured = {
        "read_tokens": llama_cpp.llama_perf_context(context).n_p_eval,
        "prompt_seconds": first - started,
        "seconds": time.monotonic() - first,
        "memory_bytes": psutil.Process().memory_info().rss,
    }
    return {"text": text, "ended": ended, "tokens": len(produced), **measured}


def _native(model: Any, messages: list[dict[str, str]]) -> str:
    """The prompt by llama.cpp's built-in formatter for this template, which phones use; without BOS."""
    import llama_cpp

    turns = (llama_cpp.llama_chat_message * len(messages))(
        *(llama_cpp.llama_chat_message(m["role"].encode(), m["content"].encode()) for m in messages)
    )
    template = model.metadata["tokenizer.chat_template"].encode()
    size = 2 * sum(len(m["content"].encode()) + 64 for m in messages)
    buffer: Any = ctypes.create_string_buffer(size)
    used = llama_cpp.llama_chat_apply_template(template, turns, len(messages), True, buffer, size)
    return buffer.raw[:used].decode() if 0 <= used <= size else ""


if __name__ == "__main__":
    main()
