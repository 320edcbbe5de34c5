"""Which tokens a tokenizer produces on its way to a token: without them it can't get there.

Byte-pair encoding never merges across the border of a token that it ends with, so what happens inside that border is
what happens when the token's text stands alone. The tokens produced while a text is merged are therefore the paths of
the tokens it ends with. A vocabulary that holds them all, with its merges in the old order, takes the same
steps: at each step the old best merge is there, and what is gone was not better.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from loresmith.trim.table import TokenTable


class MergePaths:
    """The merge paths of a tokenizer's tokens."""

    def __init__(self, table: TokenTable) -> None:
        self._table = table
        self._known: dict[int, frozenset[int]] = {}

    @cached_property
    def _ranks(self) -> dict[tuple[str, str], int]:
        return {pair: rank for rank, pair in enumerate(self._table.merges)}

    def path(self, token: int) -> frozenset[int]:
        """The token, its characters and every token between; just itself where no merge leads to it."""
        if token not in self._known:
            self._known[token] = self._found(token)
        return self._known[token]

    def closed(self, tokens: Iterable[int]) -> set[int]:
        """The tokens and all that lies on their paths."""
        return {number for token in tokens for number in self.path(token)}

    def _found(self, token: int) -> frozenset[int]:
        if token in self._table.bytes:
            return frozenset((token,))
        symbols = list(self._table.pieces[token])
        passed = {token, *(self._table.ids[symbol] for symbol in symbols if symbol in self._table.ids)}
        while (place := self._next_merge(symbols)) is not None:
            symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
            passed.add(self._table.ids[symbols[place]])
        return frozenset(passed) if len(symbols) == 1 else frozenset((token,))

    def _next_merge(self, symbols: list[str]) -> int | None:
        """Where the most urgent merge is, the leftmost of equals; None when nothing merges."""
        ranks = self._ranks
        best, place = len(ranks), None
        for number in range(len(symbols) - 1):
            rank = ranks.get((symbols[number], symbols[number + 1]), best)
            if rank < best:
                best, place = rank, number
        return place
