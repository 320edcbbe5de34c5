"""Tiny bases to trim, made once, and what to trim them for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loresmith.families.family import Family, family_named
from loresmith.lower.conversation import Message
from loresmith.recipe.schema import VocabularyTrim
from loresmith.render.prompt import render_prompt
from loresmith.trim.folder import Trimmed, choose_tokens, write_trimmed
from loresmith.trim.needed import Wanted

SAID = ("The goblin laughs!", "12 copper for the soup.")
"""Less than the tiny tokenizers were made of, so that a trim for it drops something."""


def wanted(family: Family, said: Sequence[str] = SAID, tools: Sequence[str] = ("roll",)) -> Wanted:
    """What a vocabulary for these words must say."""
    messages = [Message(role="user", content=said[0]), Message(role="assistant", content=said[1])]
    text = render_prompt(family, messages, reply_next=False)
    return Wanted((text,), (render_prompt(family, messages[:1], reply_next=True),), tools)


def trimmed(base: Path, destination: Path, name: str, said: Sequence[str] = SAID) -> Trimmed:
    """`base` cut down to what a corpus of `said` needs."""
    family = family_named(name)
    kept = choose_tokens(base, family, wanted(family, said), VocabularyTrim(trim="corpus"))
    return write_trimmed(base, destination, family, kept, lambda _: None)
