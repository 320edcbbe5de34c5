"""Which tokens stay, and why each of them does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import Rejected
from loresmith.families.family import Family
from loresmith.trim.english import LISTS, forms, is_plain, typography, words
from loresmith.trim.merge_path import MergePaths
from loresmith.trim.table import TokenTable

BATCH = 4096
"""Words tokenized at once."""
PATH = "merge path"


@dataclass
class Kept:
    """The tokens that stay, each with the first reason it was kept for."""

    paths: MergePaths
    rows: int
    """Tokens with this id and above have no row in the model."""
    reasons: dict[int, str] = field(default_factory=dict[int, str])

    def cost(self, tokens: Iterable[int]) -> set[int]:
        """What keeping these tokens would add."""
        return {t for t in self.paths.closed(tokens) if t not in self.reasons and t < self.rows}

    def add(self, tokens: Iterable[int], reason: str) -> None:
        """Keep these tokens for `reason`, and what lies on their way for being there."""
        wanted = [token for token in tokens if token < self.rows]
        for token in wanted:
            if self.reasons.get(token, PATH) == PATH:
                self.reasons[token] = reason
        for token in self.cost(wanted):
            self.reasons[token] = PATH

    @property
    def counts(self) -> dict[str, int]:
        """Reason -> number of tokens, in the order in which reasons came up."""
        return dict(Counter(self.reasons.values()))


@dataclass(frozen=True)
class Wanted:
    """What a vocabulary must be able to say: texts as the model sees them, and the words of the tools."""

    texts: Sequence[str]
    template: Sequence[str]
    tools: Sequence[str]


def tokenizer_of(folder: Path) -> Any:
    """The tokenizer of a base folder."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def must_stay(
    table: TokenTable, tokenizer: Any, family: Family, wanted: Wanted, named: Iterable[int], rows: int
) -> Kept:
    """The tokens that every trimmed vocabulary has: bytes, specials, template, whitespace, scenarios, tools.

    `named` are ids that the model's configuration speaks of, or that stand for what isn't text.
    """
    kept = Kept(MergePaths(table), rows)
    kept.add(sorted(table.bytes), "byte")
    kept.add(_specials(table, family), "special")
    kept.add(sorted(named), "special")
    kept.add(_ids(tokenizer, wanted.template), "template")
    kept.add(_made_of(table, str.isspace), "whitespace")
    kept.add(_ids(tokenizer, (chr(code) for code in range(128))), "ASCII")
    kept.add(_ids(tokenizer, wanted.texts), "scenarios")
    kept.add(_ids(tokenizer, (form for word in wanted.tools for form in forms(word))), "tools")
    return kept


def add_signs(kept: Kept, table: TokenTable) -> None:
    """Keep every token of ASCII digits, punctuation and typographic signs alone."""
    kept.add(_made_of(table, is_plain), "punctuation and digits")


def add_english(kept: Kept, tokenizer: Any, limit: int | None) -> None:
    """Keep what English needs, the common words first, until `limit` tokens stay."""
    for reason, tokens in _english(tokenizer):
        fresh = [token for token in tokens if kept.reasons.get(token, PATH) == PATH]
        if fresh and limit is not None and len(kept.reasons) + len(kept.cost(fresh)) > limit:
            return
        kept.add(fresh, reason)


def require_room(kept: Kept, limit: int | None) -> None:
    """Raise Rejected when more tokens must stay than the recipe lets stay."""
    if limit is None or len(kept.reasons) <= limit:
        return
    listed = ", ".join(f"{count:,} {reason}" for reason, count in kept.counts.items())
    raise Rejected(
        f"vocabulary.keep is {limit:,}, but {len(kept.reasons):,} tokens must stay ({listed}).",
        remedy=f"Set vocabulary.keep to {len(kept.reasons)} or more, or leave it out.",
    )


def _specials(table: TokenTable, family: Family) -> list[int]:
    """Added tokens, but for those that only hold a place for later use."""
    spare = re.compile(family.spare_tokens) if family.spare_tokens else None
    return [number for number, text in table.added.items() if not (spare and spare.fullmatch(text))]


def _made_of(table: TokenTable, allowed: Callable[[str], bool]) -> list[int]:
    return [number for number in table.pieces if (text := table.text(number)) and allowed(text)]


def _english(tokenizer: Any) -> Iterator[tuple[str, list[int]]]:
    """Reason and tokens, word by word."""
    yield from (("typography", ids) for ids in _encoded(tokenizer, typography()))
    for which in LISTS:
        remaining = words(which)
        while batch := list(islice(remaining, BATCH)):
            dressed = [forms(word) for word in batch]
            encoded = iter(_encoded(tokenizer, [form for same in dressed for form in same]))
            for same in dressed:
                yield f"word: {which} list", [token for ids in islice(encoded, len(same)) for token in ids]


def _ids(tokenizer: Any, texts: Iterable[str]) -> list[int]:
    return sorted({token for ids in _encoded(tokenizer, list(texts)) for token in ids})


def _encoded(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    return [e.ids for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
