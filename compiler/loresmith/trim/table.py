"""A tokenizer.json as tables: its tokens, their merges, and what text a token stands for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

SPACE = "▁"
"""How SentencePiece writes a space."""
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


@dataclass(frozen=True)
class TokenTable:
    """The tokens of a tokenizer. `content` is its tokenizer.json, whole."""

    content: dict[str, Any]

    @cached_property
    def pieces(self) -> Mapping[int, str]:
        """Id -> piece as the file writes it, added tokens included, by rising id."""
        model: dict[int, str] = {number: piece for piece, number in self.content["model"]["vocab"].items()}
        return dict(sorted({**model, **self.added}.items()))

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """Piece -> id."""
        return {piece: number for number, piece in self.pieces.items()}

    @cached_property
    def added(self) -> Mapping[int, str]:
        """Id -> text of the added tokens: special ones, and those that are matched whole."""
        return {int(entry["id"]): str(entry["content"]) for entry in self.content.get("added_tokens", [])}

    @cached_property
    def merges(self) -> list[tuple[str, str]]:
        """The merges, most urgent first."""
        return [pair_of(merge) for merge in self.content["model"]["merges"]]

    @property
    def is_byte_level(self) -> bool:
        """Whether pieces are written in the alphabet of GPT-2, a character for each byte."""
        return not self.content["model"].get("byte_fallback", False)

    @cached_property
    def bytes(self) -> frozenset[int]:
        """The tokens of single bytes, from which any text can be made."""
        if self.is_byte_level:
            alphabet = byte_alphabet()
            return frozenset(number for number, piece in self.pieces.items() if piece in alphabet)
        return frozenset(number for number, piece in self.pieces.items() if _BYTE.fullmatch(piece))

    def text(self, number: int) -> str | None:
        """What a token stands for; None for a part of a character."""
        piece = self.pieces[number]
        if number in self.added:
            return piece
        if not self.is_byte_level:
            return None if number in self.bytes else piece.replace(SPACE, " ")
        alphabet = byte_alphabet()
        try:
            return bytes(alphabet[character] for character in piece).decode()
        except (KeyError, UnicodeDecodeError):
            return None


def read_table(folder: Path) -> TokenTable:
    """The token table of a base folder."""
    return TokenTable(json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")))


def pair_of(merge: str | list[str]) -> tuple[str, str]:
    """The two pieces of a merge, which older files write as one string with a space."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def byte_alphabet() -> dict[str, int]:
    """Character -> byte of GPT-2's alphabet: printable bytes stand for themselves, the rest from U+0100 on.

    Source: bytes_to_unicode in the encoder.py of https://github.com/openai/gpt-2.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}
