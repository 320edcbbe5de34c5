"""Sequences read together: the logits that each gets alone, whatever was read before or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

import numpy as np
import pytest
from loresmith.generate.reader import BATCH, ROWS, Piece, Reader, Weights, cache_bytes
from loresmith.validate.together import History, Reading, read_together
from numpy.typing import NDArray
from runs import Run

Rows = dict[int, NDArray[np.float32]]


@pytest.fixture(params=["gemma3", "qwen3", "gemma3n_sharing"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.getfixturevalue(request.param)


def reading(reader: Reader, histories: Sequence[Sequence[int]], rows: Rows, sequence: int) -> Reading[None]:
    """Makes the sequence each of the histories in turn; puts the last row of each under its first token."""
    held = History(reader, sequence)
    for ids in histories:
        read = np.empty((0, 0), np.float32)
        for piece in held.unread(ids, (len(ids) - 1,)):
            read = yield piece
        rows[ids[0]] = read[-1]


def last_rows(run: Run, parts: Sequence[Sequence[Sequence[int]]], sequences: int) -> Rows:
    """The last row of every history, those of each part one after the other in a sequence, so many parts at once."""
    reader, rows = Reader(Weights(str(run.f16)), 64, 2, sequences), Rows()
    read_together(reader, [partial(reading, reader, part, rows) for part in parts], sequences)
    reader.close()
    return rows


def test_a_sequence_knows_nothing_of_those_beside_it(run: Run) -> None:
    parts = [[[first, *run.ids[: 10 + first % 7]]] for first in range(40, 50)]
    alone = last_rows(run, parts, 1)
    for sequences in (3, 8):
        together = last_rows(run, parts, sequences)
        for first, row in together.items():
            np.testing.assert_allclose(row, alone[first], atol=0.02)
    assert np.abs(alone[40] - alone[47]).max() > 0.1, "the first token must matter"


def test_a_sequence_goes_on_from_what_it_shares_and_forgets_the_rest(run: Run) -> None:
    reader, kept = Reader(Weights(str(run.f16)), 64, 2), list[NDArray[np.float32]]()
    long, other = run.ids[:40], [*run.ids[:20], *reversed(run.ids[:12])]

    def walk(sequence: int) -> Reading[None]:
        history, counts = History(reader, sequence), list[int]()
        for ids in (long, other, long, long):
            read = 0
            for piece in history.unread(ids, (len(ids) - 1,)):
                kept.append((yield piece)[-1])
                read += len(piece.tokens)
            counts.append(read)
        assert counts == [40, len(other) - 20, 20, 1]

    read_together(reader, [walk], 1)
    fresh = last_rows(run, [[long]], 1)[long[0]]
    for row in (kept[0], kept[2], kept[3]):
        np.testing.assert_allclose(row, fresh, atol=0.02)
    assert np.abs(kept[1] - fresh).max() > 0.1


class Breaks:
    """A reader that gives no logits and notes where a batch isn't in the order of its sequences."""

    def __init__(self) -> None:
        self.found = 0
        self.most = 0

    def read(self, pieces: Sequence[Piece]) -> list[NDArray[np.float32]]:
        numbers = [piece.sequence for piece in pieces]
        self.found += numbers != sorted(set(numbers))
        self.most = max(self.most, len(numbers))
        assert sum(len(piece.tokens) for piece in pieces) <= BATCH
        assert sum(len(piece.asked) for piece in pieces) <= ROWS
        return [np.zeros((len(piece.asked), 2), np.float32) for piece in pieces]

    def forget(self, _sequence: int) -> None: ...

    def keep(self, _sequence: int, _count: int) -> bool:
        return True


def test_every_batch_has_its_sequences_in_order_and_all_come_to_their_end() -> None:
    reader, rows = Breaks(), Rows()
    parts = [
        [[first, *range(300 + 37 * (first - 1000))], [first, *range(500)]] for first in range(1000, 1012)
    ]
    made = [partial(reading, cast("Reader", reader), part, rows) for part in parts]
    read_together(cast("Reader", reader), made, 8)
    assert sorted(rows) == list(range(1000, 1012))
    assert reader.found == 0
    assert reader.most > 1


def test_the_cache_of_a_token_is_counted_by_layers_and_heads() -> None:
    gemma = {"general.architecture": "g", "g.block_count": "18", "g.attention.head_count": "4"}
    gemma |= {"g.attention.head_count_kv": "1", "g.embedding_length": "640"}
    assert cache_bytes(gemma) == 18 * 2 * 160 * 2
    lengths = {"g.attention.key_length": "256", "g.attention.value_length": "256"}
    assert cache_bytes(gemma | lengths | {"g.attention.head_count_kv": "[2, 4, 2]"}) == 18 * 4 * 512 * 2
