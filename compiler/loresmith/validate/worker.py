"""Runs a model file in a process of its own: `python -m loresmith.validate.worker REQUEST RESPONSE`.

A failed assertion inside llama.cpp ends the process; here it can't take the build with it.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

from loresmith.process.child import say_progress


def main() -> None:
    """Answer every prompt of the request greedily, and render its messages by the file's own template."""
    from llama_cpp import Llama

    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    model = Llama(
        model_path=request["model"], n_ctx=request["context"], n_threads=request["threads"], n_batch=512,
        n_gpu_layers=request["gpu_layers"], verbose=False,
    )  # fmt: skip
    answers: list[dict[str, Any]] = []
    for number, prompt in enumerate(request["prompts"]):
        rendered = _rendered(model, prompt["messages"])
        answers.append(
            {
                **_answered(model, prompt["ids"], request["max_new_tokens"]),
                "rendered": rendered,
                "rendered_ids": model.tokenize(rendered.encode(), add_bos=False, special=True),
                "native": _native(model, prompt["messages"]),
            }
        )
        say_progress((number + 1) / len(request["prompts"]))
    Path(sys.argv[2]).write_text(json.dumps(answers), encoding="utf-8")


def _answered(model: Any, ids: list[int], limit: int) -> dict[str, Any]:
    """The greedy answer up to an end-of-generation token or `limit` tokens."""
    import llama_cpp

    vocabulary: Any = llama_cpp.llama_model_get_vocab(model.model)
    produced: list[int] = []
    ended = False
    for token in model.generate(ids, temp=0.0, top_k=1, repeat_penalty=1.0):
        if llama_cpp.llama_vocab_is_eog(vocabulary, token):
            ended = True
            break
        produced.append(token)
        if len(produced) >= limit:
            break
    text = model.detokenize(produced, prev_tokens=ids).decode("utf-8", errors="replace")
    return {"text": text, "ended": ended, "tokens": len(produced)}


def _rendered(model: Any, messages: list[dict[str, str]]) -> str:
    """The prompt by the Jinja template inside the file."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    formatter = Jinja2ChatFormatter(
        template=model.metadata["tokenizer.chat_template"],
        eos_token=_piece(model, model.token_eos()),
        bos_token=_piece(model, model.token_bos()),
        add_generation_prompt=True,
    )
    return formatter(messages=messages).prompt  # pyright: ignore[reportArgumentType]


def _piece(model: Any, token: int) -> str:
    return model.detokenize([token], special=True).decode() if token >= 0 else ""


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
