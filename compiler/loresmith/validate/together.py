"""Several readings of one model file at once: what each wants to be read next goes into one decode."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from loresmith.generate.reader import BATCH, ROWS, Piece, Reader, pieces

T = TypeVar("T")
Reading: TypeAlias = Generator[Piece, NDArray[np.float32], T]
"""Yields the pieces that it wants to be read, and is sent the rows of logits of each; gives something at its end."""


class History:
    """The tokens that one sequence of a reader holds."""

    def __init__(self, reader: Reader, sequence: int) -> None:
        self._reader = reader
        self._sequence = sequence
        self._held: list[int] = []

    def unread(self, ids: Sequence[int], positions: Sequence[int]) -> Iterator[Piece]:
        """The pieces that are missing until the sequence holds `ids` up to the last of `positions`, with the logits of
        those; what it begins with already isn't read again."""
        begun = min(_shared(ids, self._held), positions[0])
        if not begun or not self._reader.keep(self._sequence, begun):
            self._reader.forget(self._sequence)
            begun = 0
        self._held = list(ids[: positions[-1] + 1])
        for start, end, asked in pieces(positions, begun):
            yield Piece(self._sequence, ids[start:end], start, asked)

    def next(self, token: int) -> Piece:
        """The piece that puts one token more to what is held, with its logits."""
        self._held.append(token)
        last = len(self._held) - 1
        return Piece(self._sequence, (token,), last, (last,))


def read_together(reader: Reader, readings: Iterable[Callable[[int], Reading[None]]], sequences: int) -> None:
    """Run all readings to their ends, so many of them at once; each is made for the sequence that it gets.

    Which pieces share a decode follows from the readings alone, so that the same ones give the same logits.
    """
    waiting = iter(readings)
    wanted: dict[int, tuple[Reading[None], Piece]] = {}
    free = list(range(sequences))
    while True:
        while free and (make := next(waiting, None)):
            sequence = min(free)
            free.remove(sequence)
            _go_on(make(sequence), None, sequence, wanted, free)
        if not wanted:
            return
        # llama.cpp reads sequences together where they follow each other in the batch by number, else one by one.
        chosen = sorted(_fitting({sequence: piece for sequence, (_, piece) in wanted.items()}))
        for sequence, rows in zip(chosen, reader.read([wanted[s][1] for s in chosen]), strict=True):
            # Out and in again: whoever found no place now comes before those that did.
            _go_on(wanted.pop(sequence)[0], rows, sequence, wanted, free)


def _go_on(
    reading: Reading[None],
    rows: NDArray[np.float32] | None,
    sequence: int,
    wanted: dict[int, tuple[Reading[None], Piece]],
    free: list[int],
) -> None:
    """Give a reading what it waits for; it wants another piece, or its sequence is free."""
    try:
        piece = next(reading) if rows is None else reading.send(rows)
    except StopIteration:
        free.append(sequence)
    else:
        wanted[sequence] = (reading, piece)


def _fitting(wanted: dict[int, Piece]) -> list[int]:
    """The sequences whose pieces fit into one decode; who has waited longest comes first."""
    chosen, tokens, rows = list[int](), 0, 0
    for sequence, piece in wanted.items():
        if tokens + len(piece.tokens) <= BATCH and rows + len(piece.asked) <= ROWS:
            chosen.append(sequence)
            tokens += len(piece.tokens)
            rows += len(piece.asked)
    return chosen


def _shared(ids: Sequence[int], held: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(ids, held, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(ids), len(held)))
