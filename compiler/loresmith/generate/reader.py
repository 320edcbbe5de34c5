"""A GGUF file read token by token, several sequences at once, with the logits that are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loresmith.generate.refusal import NO_MEMORY, NOT_NUMBERS

BATCH = 512
"""Tokens a decode, of all sequences together."""
PIECE = 256
"""Of one sequence."""
ROWS = 64
"""Rows of logits a decode: with a vocabulary of 262,144 one row is a megabyte."""


@dataclass(frozen=True)
class Piece:
    """Tokens that continue a sequence at position `start`, and the positions among them whose logits are wanted."""

    sequence: int
    tokens: Sequence[int]
    start: int
    asked: Sequence[int]


class Weights:
    """A GGUF file, loaded by llama.cpp; ends the process, which says why on stderr, where llama.cpp refuses it."""

    def __init__(self, path: str, gpu_layers: int = 0) -> None:
        import llama_cpp

        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = gpu_layers
        loaded = llama_cpp.llama_model_load_from_file(path.encode(), parameters)
        if not loaded:
            raise SystemExit(f"{Path(path).name} can't be loaded")
        self.handle: Any = loaded
        words: Any = llama_cpp.llama_model_get_vocab(loaded)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(words)


class Reader:
    """Reads up to `sequences` sequences of up to `context` tokens each, which know nothing of each other.

    Tokens of several sequences in one decode cost little more than those of one: the weights are read once for all,
    where the pieces stand in the order of their sequences. Ends the process where there isn't memory for it.
    """

    def __init__(self, weights: Weights, context: int, threads: int, sequences: int = 1) -> None:
        import llama_cpp

        self._library: Any = llama_cpp
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx, settings.n_seq_max = context * sequences, sequences
        settings.n_batch = settings.n_ubatch = BATCH
        settings.n_threads = settings.n_threads_batch = threads
        self._context: Any = llama_cpp.llama_init_from_model(weights.handle, settings)
        if not self._context:
            raise SystemExit(NO_MEMORY)
        self._memory: Any = llama_cpp.llama_get_memory(self._context)
        self._batch: Any = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self.vocabulary = weights.vocabulary

    def forget(self, sequence: int) -> None:
        """Forget all of a sequence."""
        self._library.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def keep(self, sequence: int, count: int) -> bool:
        """Forget a sequence from position `count` on; False, and all of it stays, where llama.cpp can't."""
        return bool(self._library.llama_memory_seq_rm(self._memory, sequence, count, -1))

    def read(self, pieces: Sequence[Piece]) -> list[NDArray[np.float32]]:
        """Read pieces of different sequences, in their order; BATCH tokens and ROWS rows in all at most. Gives of each
        the rows of logits that it asks for. Ends the process where these aren't numbers: no choice among them means
        anything."""
        places = self._fill(pieces)
        code = self._library.llama_decode(self._context, self._batch)
        if code != 0:
            raise SystemExit(f"llama_decode gave {code}")
        rows = [self._rows(part) for part in places]
        if not all(np.isfinite(part).all() for part in rows):
            raise SystemExit(NOT_NUMBERS)
        return rows

    def close(self) -> None:
        """Give the memory of the context back."""
        self._library.llama_batch_free(self._batch)
        self._library.llama_free(self._context)

    def _fill(self, pieces: Sequence[Piece]) -> list[list[int]]:
        """Put the pieces into the batch; gives of each the places whose logits it asks for."""
        batch, place, places = self._batch, 0, list[list[int]]()
        for piece in pieces:
            wanted = set(piece.asked)
            places.append([place + position - piece.start for position in piece.asked])
            for position, token in enumerate(piece.tokens, piece.start):
                batch.token[place] = token
                batch.pos[place] = position
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = piece.sequence
                batch.logits[place] = position in wanted
                place += 1
        batch.n_tokens = place
        return places

    def _rows(self, places: Sequence[int]) -> NDArray[np.float32]:
        rows = [self._row(place) for place in places]
        return np.stack(rows) if rows else np.empty((0, self.vocabulary), np.float32)

    def _row(self, place: int) -> NDArray[np.float32]:
        logits = self._library.llama_get_logits_ith(self._context, place)
        return np.ctypeslib.as_array(logits, shape=(self.vocabulary,)).copy()


def cache_bytes(metadata: Mapping[str, str]) -> int:
    """Bytes of a GGUF file's key and value cache, a token, in f16."""
    architecture = metadata["general.architecture"]

    def most(key: str, otherwise: int) -> int:
        """A number of the architecture; where each layer has its own, the largest."""
        return max(map(int, re.findall(r"\d+", metadata.get(f"{architecture}.{key}", ""))), default=otherwise)

    heads = most("attention.head_count", 1)
    width = most("embedding_length", 1) // heads
    lengths = most("attention.key_length", width) + most("attention.value_length", width)
    return most("block_count", 1) * most("attention.head_count_kv", heads) * lengths * 2


def pieces(positions: Sequence[int], begun: int = 0) -> Iterator[tuple[int, int, list[int]]]:
    """Cut a sequence from `begun` to its last position: (start, end, positions inside), within PIECE and ROWS."""
    start, last = begun, positions[-1]
    while start <= last:
        end = min(start + PIECE, last + 1)
        inside = [position for position in positions if start <= position < end]
        if len(inside) > ROWS:
            inside = inside[:ROWS]
            end = inside[-1] + 1
        yield start, end, inside
        start = end
