"""How likely a model file finds given replies: `python -m loresmith.validate.likelihood_worker REQUEST RESPONSE`.

A prompt that begins as the one before it is read only from where they part.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from loresmith.process.child import say_progress
from loresmith.quantize.comparison import Model, log_softmax, pieces
from loresmith.quantize.llama_log import listen
from loresmith.validate.file_template import read_words, rendered_prompt


def main() -> None:
    """Write for each prompt and reply how many nats the reply's tokens cost together, and how many they are."""
    listen(lambda _: None)
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sequences = _sequences(request)
    model = Model(request["model"], max(len(ids) for ids, _ in sequences), request["threads"])
    costs, before = list[tuple[float, int]](), list[int]()
    for number, (ids, start) in enumerate(sequences):
        costs.append((_nats(model, ids, start, before), len(ids) - start))
        before = ids[:-1]
        say_progress((number + 1) / len(sequences))
    Path(sys.argv[2]).write_text(json.dumps(costs), encoding="utf-8")


def _sequences(request: dict[str, object]) -> list[tuple[list[int], int]]:
    """The tokens of each prompt with its reply, and where in them the reply begins."""
    words = read_words(str(request["model"]))
    asked: Sequence[dict[str, object]] = request["prompts"]  # pyright: ignore[reportAssignmentType]
    sequences = list[tuple[list[int], int]]()
    for one in asked:
        prompt = rendered_prompt(words, one["messages"])  # pyright: ignore[reportArgumentType]
        ids = words.tokenize(prompt.encode(), add_bos=False, special=True)
        reply = words.tokenize(str(one["reply"]).encode(), add_bos=False, special=False)
        sequences.append(([*ids, *reply], len(ids)))
    return sequences


def _nats(model: Model, ids: list[int], start: int, before: Sequence[int]) -> float:
    """What the tokens from `start` on cost; `before` is what the model has read so far."""
    same = next(
        (n for n, (a, b) in enumerate(zip(ids, before, strict=False)) if a != b), min(len(ids), len(before))
    )
    begun = min(same, start - 1)
    if not begun or not model.keep(begun):
        model.begin()
        begun = 0
    cost = 0.0
    for first, end, asked in pieces(range(start - 1, len(ids) - 1), begun):
        rows = model.read(ids[first:end], first, asked)
        cost -= sum(float(log_softmax(row)[ids[at + 1]]) for row, at in zip(rows, asked, strict=True))
    return cost


if __name__ == "__main__":
    main()
