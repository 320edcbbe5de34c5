"""Prompts by the chat template that a model file carries."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from loresmith.families.family import FAMILIES
from loresmith.generate.refusal import NO_TEMPLATE, TEMPLATE_FAILED, unknown_architecture
from loresmith.quantize.llama_log import listen


def read_words(path: str) -> Any:
    """The file's vocabulary and metadata as llama-cpp-python's model, without its weights.

    Ends the process where llama.cpp refuses the file, which says why on stderr, where it has no chat template, or is of
    a family that loresmith doesn't know.
    """
    from llama_cpp import Llama

    listen(lambda _line: None)
    try:
        # Without `verbose` the library would silence llama.cpp's log, which `listen` sorts.
        words = Llama(model_path=path, vocab_only=True, verbose=True)
    except ValueError:
        sys.exit(1)
    words.verbose = False
    architecture = words.metadata.get("general.architecture", "")
    if architecture not in {family.gguf_architecture for family in FAMILIES}:
        sys.exit(unknown_architecture(architecture))
    if "tokenizer.chat_template" not in words.metadata:
        sys.exit(NO_TEMPLATE)
    return words


def rendered_prompt(words: Any, messages: Sequence[dict[str, str]]) -> str:
    """The prompt for the next reply, by the Jinja template inside the file; ends the process where it raises or gives
    nothing."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    formatter = Jinja2ChatFormatter(
        template=words.metadata["tokenizer.chat_template"],
        eos_token=_piece(words, words.token_eos()),
        bos_token=_piece(words, words.token_bos()),
        add_generation_prompt=True,
    )
    try:
        prompt = formatter(messages=messages).prompt  # pyright: ignore[reportArgumentType]
    except Exception as error:
        # A template is a program of the file's: it can raise anything.
        sys.exit(f"{TEMPLATE_FAILED}{error}")
    if not prompt.strip():
        sys.exit(f"{TEMPLATE_FAILED}it gives an empty prompt")
    return prompt


def _piece(words: Any, token: int) -> str:
    return words.detokenize([token], special=True).decode() if token >= 0 else ""
