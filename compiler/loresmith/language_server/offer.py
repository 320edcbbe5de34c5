"""What a place of the text offers to be written there."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol.types import CompletionItemKind


@dataclass(frozen=True)
class Offer:
    """Something that may be written: `text` takes the place of what is typed of it already."""

    label: str
    kind: CompletionItemKind
    text: str
    detail: str | None = None
    page: str | None = None


@dataclass(frozen=True)
class Offered:
    """The offers for the text that begins at `start` and ends at the cursor."""

    start: int
    offers: tuple[Offer, ...]
