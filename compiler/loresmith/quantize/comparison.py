"""Measures the divergence of two files: `python -m loresmith.quantize.comparison REQUEST RESPONSE`.

Both models read the same tokens in step. Logits are asked for at the chosen positions only, and no more than
a few dozen rows of them are held at once: with a vocabulary of 262,144 one row is a megabyte.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loresmith.generate.reader import Piece, Reader, Weights, pieces
from loresmith.process.child import say_progress
from loresmith.quantize.folder import Folder
from loresmith.quantize.llama_log import listen


class Model:
    """One GGUF file, loaded by llama.cpp on the CPU, read token by token with the logits asked for."""

    def __init__(self, path: str, context: int, threads: int) -> None:
        self._reader = Reader(Weights(path), context, threads)
        self.vocabulary = self._reader.vocabulary

    def begin(self) -> None:
        """Forget the sequence read so far."""
        self._reader.forget(0)

    def read(self, tokens: Sequence[int], start: int, asked: Sequence[int]) -> NDArray[np.float32]:
        """Read `tokens` at positions from `start` on; gives a row of logits for each `asked` position."""
        return self._reader.read([Piece(0, tokens, start, asked)])[0]


def main() -> None:
    """Read the request, compare, write the response."""
    listen(lambda _: None)
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    pairs = [(s, p) for s, p in zip(request["sequences"], request["positions"], strict=True) if p]
    context = max(len(sequence) for sequence, _ in pairs)
    reference = opened(request["reference"], context, request["threads"])
    candidate = Model(request["candidate"], context, request["threads"])
    if reference.vocabulary != candidate.vocabulary:
        raise SystemExit("the two files have different vocabularies")
    measured: list[tuple[float, bool]] = []
    for number, (sequence, positions) in enumerate(pairs):
        measured += compare(reference, candidate, sequence, positions)
        say_progress((number + 1) / len(pairs))
    Path(sys.argv[2]).write_text(json.dumps(summary(measured)), encoding="utf-8")


def opened(path: str, context: int, threads: int) -> Model | Folder:
    """The reader of a GGUF file or of a Hugging Face folder."""
    return Folder(Path(path)) if Path(path).is_dir() else Model(path, context, threads)


def compare(
    reference: Model | Folder, candidate: Model, sequence: Sequence[int], positions: Sequence[int]
) -> Iterator[tuple[float, bool]]:
    """KL divergence, and whether the most likely token is the same, at each of the positions."""
    reference.begin()
    candidate.begin()
    for start, end, asked in pieces(positions):
        expected = reference.read(sequence[start:end], start, asked)
        actual = candidate.read(sequence[start:end], start, asked)
        for row_p, row_q in zip(expected, actual, strict=True):
            yield kl_divergence(row_p, row_q), bool(row_p.argmax() == row_q.argmax())


def kl_divergence(logits_p: NDArray[np.float32], logits_q: NDArray[np.float32]) -> float:
    """KL(P||Q) in nats of two rows of logits, in fp64; at least 0."""
    ln_p, ln_q = log_softmax(logits_p), log_softmax(logits_q)
    return max(0.0, float(np.sum(np.exp(ln_p) * (ln_p - ln_q))))


def summary(measured: Sequence[tuple[float, bool]]) -> dict[str, float | int]:
    """The fields of a Divergence."""
    values = np.array([value for value, _ in measured])
    return {
        "mean": float(values.mean()),
        "p99": float(np.percentile(values, 99)),
        "max": float(values.max()),
        "top1_agreement": sum(same for _, same in measured) / len(measured),
        "positions": len(measured),
    }


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """The natural logarithms of the probabilities that a row of logits stands for, in fp64."""
    wide = logits.astype(np.float64)
    wide -= wide.max()
    return wide - np.log(np.exp(wide).sum())


if __name__ == "__main__":
    main()
