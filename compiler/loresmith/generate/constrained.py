"""Greedy decoding under a grammar: the likeliest token that the grammar allows."""

from __future__ import annotations

import ctypes
from typing import Any

CLOSING = 48
"""So many tokens more may an answer under a grammar take to close the call that it is within at its limit."""


class GrammarFilter:
    """A logits processor for llama-cpp-python that leaves one token: the likeliest that the grammar allows.

    llama.cpp's own sampler chain would try the grammar on the whole vocabulary at every token. Nearly always the
    likeliest token is allowed, and then one trial is enough.
    """

    def __init__(self, model: Any, grammar: str) -> None:
        import llama_cpp

        self._library: Any = llama_cpp
        vocabulary: Any = llama_cpp.llama_model_get_vocab(model.model)
        self._end: Any = llama_cpp.llama_vocab_eos(vocabulary)
        self._sampler: Any = llama_cpp.llama_sampler_init_grammar(vocabulary, grammar.encode(), b"root")
        if not self._sampler:
            raise ValueError("llama.cpp can't read the grammar")

    def __call__(self, _ids: Any, logits: Any) -> Any:
        """The logits with all but the chosen token at minus infinity."""
        chosen = self.choose(logits)
        kept = logits[chosen]
        logits[:] = float("-inf")
        logits[chosen] = kept
        return logits

    def choose(self, logits: Any) -> int:
        """The likeliest token that the grammar allows; the grammar goes on from it."""
        chosen = self._chosen(logits)
        self._library.llama_sampler_accept(self._sampler, chosen)
        return chosen

    def restart(self) -> None:
        """Begin the grammar anew, for the next answer."""
        self._library.llama_sampler_reset(self._sampler)

    @property
    def may_end(self) -> bool:
        """Whether the answer may end here: anywhere but within a call."""
        return self._allows(self._end)

    def _chosen(self, logits: Any) -> int:
        best = int(logits.argmax())
        if self._allows(best):
            return best
        ranked = (int(token) for token in logits.argsort()[::-1])
        return next(token for token in ranked if self._allows(token))

    def _allows(self, token: int) -> bool:
        candidate = (self._library.llama_token_data * 1)(self._library.llama_token_data(token, 1.0, 0.0))
        candidates = self._library.llama_token_data_array(candidate, 1, -1, False)
        self._library.llama_sampler_apply(self._sampler, ctypes.byref(candidates))
        return candidate[0].logit > float("-inf")
