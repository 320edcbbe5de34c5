"""A scenario's prompts put to a model file, one after the other: its greedy answers, and what the references cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loresmith.generate.constrained import CLOSING, GrammarFilter
from loresmith.generate.reader import Reader
from loresmith.syntax.calls import open_call
from loresmith.validate.together import History, Reading


@dataclass(frozen=True)
class Asked:
    """One prompt, rendered: its tokens, those of each `turned` one, and of the reference that follows all of them."""

    number: int
    scenario: str
    text: str
    ids: list[int]
    turned: list[list[int]]
    reference: list[int]
    native: str


class Replier:
    """Puts prompts to a reader's model as a request wants it, and hands each reply to `done`.

    `alone`: nothing else is read meanwhile, so that times mean something.
    """

    def __init__(
        self,
        reader: Reader,
        words: Any,
        request: dict[str, Any],
        done: Callable[[int, dict[str, Any]], None],
        *,
        alone: bool,
    ) -> None:
        self._reader = reader
        self._words = words
        self._limit: int = request["max_new_tokens"]
        self._grammar: str | None = request["grammar"]
        self._scored: bool = request["scored"]
        self._done = done
        self._alone = alone
        self._grammars: dict[int, GrammarFilter] = {}

    def scenario(self, asked: Sequence[Asked], sequence: int) -> Reading[None]:
        """The prompts of one scenario in a sequence of its own; what a prompt shares with the one before isn't read
        again."""
        history = History(self._reader, sequence)
        grammar = self._grammar_of(sequence)
        for one in asked:
            reply: dict[str, Any] = {"answer": None, "costs": []}
            if self._limit:
                reply["answer"] = yield from self._answer(history, one, grammar)
            if self._scored:
                reply["costs"] = yield from _costs(history, one)
            self._done(one.number, reply)

    def _grammar_of(self, sequence: int) -> GrammarFilter | None:
        """The grammar as far as a sequence has come in it."""
        if self._grammar and sequence not in self._grammars:
            self._grammars[sequence] = GrammarFilter(self._words, self._grammar)
        return self._grammars.get(sequence)

    def _answer(self, history: History, one: Asked, grammar: GrammarFilter | None) -> Reading[dict[str, Any]]:
        """The greedy answer up to an end-of-generation token or the limit.

        Under a grammar it doesn't end within a call: one that is open at the limit is closed, or where that takes more
        than CLOSING tokens left out, as an app would that acts on whole calls alone.
        """
        started = time.monotonic()
        read, row = yield from _last_row(history, one.ids)
        if grammar:
            grammar.restart()
        produced, token, first = list[int](), _choice(row, grammar), time.monotonic()
        while not self._ends(token):
            produced.append(token)
            if self._is_enough(produced, grammar):
                break
            rows = yield history.next(token)
            token = _choice(rows[-1], grammar)
        timing = self._timing(read, first - started, time.monotonic() - first)
        return {
            "text": self._text(one.ids, produced, grammar),
            "ended": self._ends(token),
            "tokens": len(produced),
            "timing": timing,
            "rendered": one.text,
            "rendered_ids": one.ids,
            "native": one.native,
        }

    def _is_enough(self, produced: Sequence[int], grammar: GrammarFilter | None) -> bool:
        if len(produced) < self._limit:
            return False
        return grammar is None or grammar.may_end or len(produced) >= self._limit + CLOSING

    def _text(self, ids: list[int], produced: list[int], grammar: GrammarFilter | None) -> str:
        text = self._words.detokenize(produced, prev_tokens=ids).decode("utf-8", errors="replace")
        begun = open_call(text) if grammar else ""
        return text.removesuffix(begun) if begun else text

    def _ends(self, token: int) -> bool:
        import llama_cpp

        vocabulary: Any = llama_cpp.llama_model_get_vocab(self._words.model)
        return bool(llama_cpp.llama_vocab_is_eog(vocabulary, token))

    def _timing(self, read: int, prompt_seconds: float, seconds: float) -> dict[str, Any] | None:
        import psutil

        if not self._alone:
            return None
        held = psutil.Process().memory_info().rss
        return {
            "read_tokens": read,
            "prompt_seconds": prompt_seconds,
            "seconds": seconds,
            "memory_bytes": held,
        }


def _last_row(history: History, ids: Sequence[int]) -> Reading[tuple[int, NDArray[np.float32]]]:
    """How many tokens were read until the sequence held `ids`, and the logits of what comes next."""
    read, rows = 0, np.empty((0, 0), np.float32)
    for piece in history.unread(ids, (len(ids) - 1,)):
        rows = yield piece
        read += len(piece.tokens)
    return read, rows[-1]


def _choice(row: NDArray[np.float32], grammar: GrammarFilter | None) -> int:
    return grammar.choose(row) if grammar else int(row.argmax())


def _costs(history: History, one: Asked) -> Reading[list[tuple[float, int]]]:
    """What the reference costs after the prompt, and after each turned one."""
    turned = list[tuple[float, int]]()
    for ids in one.turned:
        turned.append((yield from _cost(history, ids, one.reference)))
    # The true history comes last: the next prompt goes on from it.
    own = yield from _cost(history, one.ids, one.reference)
    return [own, *turned]


def _cost(history: History, ids: Sequence[int], reply: Sequence[int]) -> Reading[tuple[float, int]]:
    """The nats of a reply after a prompt, of all its tokens together, and how many they are."""
    whole, nats = [*ids, *reply], 0.0
    for piece in history.unread(whole, range(len(ids) - 1, len(whole) - 1)):
        rows = yield piece
        nats += sum(_nats(row, whole[at + 1]) for row, at in zip(rows, piece.asked, strict=True))
    return nats, len(reply)


def _nats(row: NDArray[np.float32], token: int) -> float:
    """What a token costs: the logarithm of the sum of all exponentials, less its own logit."""
    most = row.max()
    return float(most - row[token]) + float(np.log(np.exp(row - most).sum(dtype=np.float64)))
