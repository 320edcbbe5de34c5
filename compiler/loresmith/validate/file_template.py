"""Prompts by the chat template that a model file carries."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any


def read_words(path: str) -> Any:
    """The file's vocabulary and metadata, without its weights; ends the process where it has no chat template."""
    from llama_cpp import Llama

    words = Llama(model_path=path, vocab_only=True, verbose=False)
    if "tokenizer.chat_template" not in words.metadata:
        sys.exit("The file has no chat template, so nobody knows how the model wants to be spoken to.")
    return words


def rendered_prompt(words: Any, messages: Sequence[dict[str, str]]) -> str:
    """The prompt for the next reply, by the Jinja template inside the file."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    formatter = Jinja2ChatFormatter(
        template=words.metadata["tokenizer.chat_template"],
        eos_token=_piece(words, words.token_eos()),
        bos_token=_piece(words, words.token_bos()),
        add_generation_prompt=True,
    )
    return formatter(messages=messages).prompt  # pyright: ignore[reportArgumentType]


def _piece(words: Any, token: int) -> str:
    return words.detokenize([token], special=True).decode() if token >= 0 else ""
