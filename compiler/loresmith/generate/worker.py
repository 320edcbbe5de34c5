"""Answers prompts with a model file, in a process of its own: `python -m loresmith.generate.worker MODEL CONTEXT`.

Each line of its input is a request, each line of its output an event. A failed assertion inside llama.cpp ends the
process; here it takes no game with it. SIGINT ends the answer, not the process.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np

from loresmith.generate.constrained import CLOSING, GrammarFilter
from loresmith.generate.interruptible import Interrupted, InterruptibleModel
from loresmith.generate.refusal import NOT_NUMBERS
from loresmith.generate.stops import StopWatch
from loresmith.quantize.llama_log import listen

_BEGUN = re.compile(r"\[\w*$")
"""What a call may begin with; text may end within it as well."""
_BATCH = 128
"""Tokens of a prompt that are read at once; an interrupt is noticed between two batches."""


class _Interrupt:
    """Whether the answer is to end."""

    asked = False


def main() -> None:
    """Load the model, say what it is, and answer request after request until the input ends."""
    signal.signal(signal.SIGINT, _interrupted)
    listen(lambda _line: None)
    model = _loaded(sys.argv[1], int(sys.argv[2]))
    _say(
        ready={
            "architecture": model.metadata.get("general.architecture", ""),
            "template": model.metadata.get("tokenizer.chat_template"),
            "context": model.n_ctx(),
        }
    )
    for line in sys.stdin:
        _Interrupt.asked = False
        _answer(model, json.loads(line))


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    _Interrupt.asked = True


def _loaded(path: str, context: int) -> Any:
    try:
        # Without `verbose` the library would silence llama.cpp's log, which `listen` sorts.
        model = InterruptibleModel(
            lambda: _Interrupt.asked, model_path=path, n_ctx=context, n_batch=_BATCH,
            n_threads=os.cpu_count() or 1, n_gpu_layers=99, verbose=True,
        )  # fmt: skip
    except ValueError:
        # llama.cpp has already said on stderr what is wrong with the file.
        sys.exit(1)
    model.verbose = False
    return model


def _answer(model: Any, request: dict[str, Any]) -> None:
    ids: list[int] = model.tokenize(request["prompt"].encode(), add_bos=False, special=True)
    longest = request["max_new_tokens"] + (CLOSING if request["grammar"] else 0)
    if len(ids) + longest > model.n_ctx():
        _say(full=len(ids))
        return
    stops = StopWatch(request["stops"])
    try:
        end = _told(_pieces(model, ids, request), stops)
    except Interrupted:
        end = "interrupted"
    if rest := stops.rest():
        _say(text=rest)
    _say(end=end)


def _told(pieces: Iterator[str | None], stops: StopWatch) -> str:
    """Say the pieces of an answer as they come; gives why it ended."""
    for piece in pieces:
        if piece and (shown := stops.take(piece)):
            _say(text=shown)
        if stops.stopped or _Interrupt.asked:
            return "stop" if stops.stopped else "interrupted"
        if piece is None:
            return "turn"
    return "limit"


def _pieces(model: Any, ids: list[int], request: dict[str, Any]) -> Iterator[str | None]:
    """The answer's text as it comes; None when the model ends its turn.

    Under a grammar it doesn't end within a call: a call comes as a whole, and one that is still open CLOSING tokens
    behind the limit not at all.
    """
    import llama_cpp

    vocabulary: Any = llama_cpp.llama_model_get_vocab(model.model)
    grammar = GrammarFilter(model, request["grammar"]) if request["grammar"] else None
    limit: int = request["max_new_tokens"]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    produced, held = list[int](), ""
    model.set_seed(request["seed"])
    for token in model.generate(
        ids, temp=request["temperature"], top_p=request["top_p"], repeat_penalty=request["repeat_penalty"],
        logits_processor=llama_cpp.LogitsProcessorList([grammar]) if grammar else None,
    ):  # fmt: skip
        if not produced:
            _require_numbers(model)
        if llama_cpp.llama_vocab_is_eog(vocabulary, token):
            yield from (held, None)
            return
        held += decoder.decode(model.detokenize([token], prev_tokens=ids + produced))
        produced.append(token)
        whole = not grammar or grammar.may_end
        if len(produced) >= limit and (whole or len(produced) >= limit + CLOSING):
            yield held if whole else ""
            return
        begun = _BEGUN.search(held) if grammar else None
        if whole and not begun:
            yield held
            held = ""


def _require_numbers(model: Any) -> None:
    """End the process where the logits that the first token was chosen by aren't numbers."""
    import llama_cpp

    row = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(model.ctx, -1), shape=(model.n_vocab(),))
    if not np.isfinite(row).all():
        sys.exit(NOT_NUMBERS)


def _say(**event: Any) -> None:
    print(json.dumps(event), flush=True)


if __name__ == "__main__":
    main()
