"""The proof that a trimmed base reads its text as before; its report goes with the artefact."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import Rejected
from loresmith.trim.folder import Trimmed
from loresmith.trim.llama_tokens import llama_tokens
from loresmith.trim.needed import tokenizer_of

MOST_DIFFERENCE = 1e-3
"""Of logits in fp32 whose matrix products may be made in another order."""
FOREIGN = (
    "Привет, дракон!",
    "竜は橋を守る。",
    "ध्वनि 𝔇𝔯𝔞𝔤𝔬𝔫 🧙🏽‍♀️🪄",
    "ḿ̃y ñame\u2003is\u0000 Ørjan\r\n\tof Ålesund — “ſpell”…",
)
"""What no trim is made for: it must come back whole all the same, if need be byte by byte."""


def require_same_reading(base: Path, trimmed: Path, made: Trimmed, texts: Sequence[str]) -> dict[str, Any]:
    """The part of the report on tokenization: how many texts and tokens were compared.

    Raises Rejected when a text of the scenarios is tokenized otherwise than by the base, in Hugging Face's tokenizer
    or in llama.cpp, or when a foreign text doesn't come back.
    """
    expected = [
        [made.numbering.new.get(number, -1) for number in ids] for ids in token_ids(tokenizer_of(base), texts)
    ]
    after = tokenizer_of(trimmed)
    _require_equal("Hugging Face's tokenizer", texts, expected, token_ids(after, texts))
    foreign = token_ids(after, FOREIGN)
    for text, ids in zip(FOREIGN, foreign, strict=True):
        if after.decode(ids, skip_special_tokens=False) != text:
            raise _rejected("Hugging Face's tokenizer", text, "doesn't give it back")
    _require_equal(
        "llama.cpp", [*texts, *FOREIGN], [*expected, *foreign], llama_tokens(trimmed, [*texts, *FOREIGN])
    )
    return {"texts": len(texts), "tokens": sum(map(len, expected)), "foreign_texts": len(FOREIGN)}


def require_same_logits(difference: float) -> None:
    """Raise Rejected where a kept token's logit moved by more than rounding, or isn't a number; `difference` is the
    largest."""
    if not difference <= MOST_DIFFERENCE:
        raise Rejected(
            f"The trimmed vocabulary isn't faithful: a kept token's logit moved by {difference:.3g}.",
            remedy="Please report it; until then leave out vocabulary.trim.",
        )


def token_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The ids of each text, special tokens in it matched and none added."""
    return [e.ids for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


def _require_equal(
    whose: str, texts: Sequence[str], expected: Sequence[list[int]], actual: Sequence[list[int]]
) -> None:
    for text, wanted, got in zip(texts, expected, actual, strict=True):
        if wanted != got:
            raise _rejected(whose, text, "reads it otherwise than before")


def _rejected(whose: str, text: str, what: str) -> Rejected:
    return Rejected(
        f"The trimmed vocabulary isn't faithful: {whose} {what}.",
        excerpt=f"{text[:200]}",
        remedy="Set vocabulary: {trim: none}, and report this with your recipe.",
    )
