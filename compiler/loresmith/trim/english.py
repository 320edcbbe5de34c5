"""What English play can be made of: words in every dress, and the signs between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

LISTS = ("small", "large")
"""wordfreq's English lists, the common words first."""
_ENDINGS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "n't", "s'", "in'", "'em", "o'", "'tis", "'twas")
_LETTERS = (range(0xC0, 0x180), range(0x1E00, 0x1F00))
"""Latin-1, Latin Extended-A and Latin Extended Additional: the accents of names."""
_SIGNS = "–—―‘’‚“”„†‡•…‹›«»¡¿§¶©®™°±×÷½¼¾¹²³€£¥¢←→↑↓↔✓✔✗✘★☆♠♥♦♣☠⚔⚀⚁⚂⚃⚄⚅\u00a0\u200b\u200d\ufe0f"
_EMOJI = (
    "😀😁😂🤣😃😄😅😆😉😊😋😎😍😘🥰🙂🤗🤔😐😑😶🙄😏😣😥😮😯😪😫😴😌😛😜😝🤤😒😓😔😕🙃😲🙁😖😞😟😤😢😭😦😧😨😩🤯😬😰😱"
    "🥵🥶😳🤪😵😡😠🤬😷🤢🤮😇🥳🥺🤓😈👿💀👻👽🤖💩👍👎👊✊🤞🤘👌👋👏🙌🙏💪👀👑💍🔥💥✨🌟⭐🌙☀🌈❄💧🌊🌲🌳🍄🍺🍻🍷🍖🍞"
    "🎲🎯🎉🎵🏆🏹🗡🛡🏰⛺🗝🔑🚪📜📖🕯💎💰⚡❤💔💯❓❗🐉🐲🐺🐍🦄🐎🦅🦇🕷🐀🐻🦁🧙🧝🧛🧟🧞🧚👹👺🦹🦸"
)


def words(which: str) -> Iterator[str]:
    """The words of one of wordfreq's English lists, the most frequent first."""
    from wordfreq import iter_wordlist

    return iter_wordlist("en", wordlist=which)


def wordfreq_version() -> str:
    """The release of wordfreq that the words come from."""
    from importlib.metadata import version

    return version("wordfreq")


def forms(word: str) -> list[str]:
    """A word as it may stand in a text: lower, Capitalised and UPPER, at a space and behind a sign."""
    dresses = dict.fromkeys((word, word.lower(), word.capitalize(), word.upper()))
    return [f"{before}{dress}" for dress in dresses for before in (" ", "")]


@cache
def typography() -> tuple[str, ...]:
    """Contractions, accented letters, typographic signs and emoji, alone, at a space, and doubled."""
    endings = [ending.replace("'", mark) for ending in _ENDINGS for mark in ("'", "’")]
    dressed = [
        f"{before}{e}" for e in (*endings, *(e.upper() for e in endings)) for before in ("", "x", " x")
    ]
    letters = [chr(code) for codes in _LETTERS for code in codes if unicodedata.name(chr(code), "")]
    signs = [f"{before}{sign}" for sign in (*_SIGNS, *_EMOJI) for before in ("", " ")]
    return (*dressed, *letters, *signs, *(sign * 2 for sign in _SIGNS))


def is_plain(text: str) -> bool:
    """Whether a token's text is of ASCII digits, punctuation, whitespace and typographic signs alone."""
    return all(character in _PLAIN for character in text)


_PLAIN = frozenset(chr(code) for code in range(128) if not chr(code).isalpha()) | frozenset(_SIGNS)
