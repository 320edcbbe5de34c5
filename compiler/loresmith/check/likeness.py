"""How alike two scenarios are: MinHash signatures of their words, and which of many are worth comparing.

A. Broder, On the resemblance and containment of documents (1997): two signatures agree in as large a part of their
places as the two sets of shingles have in common (the Jaccard index).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence

from loresmith.ir.scenario import Scenario, UserTurn

PERMUTATIONS = 64
"""Places of a signature: with so many an index of 0.8 is measured to 0.05 (one standard deviation)."""
ROWS = 4
"""Places that must agree in one of the bands for two signatures to be compared: of pairs at 0.8 that happens in more
than 999 of 1,000, at 0.2 in fewer than 3 of 100."""
NEAR = 0.8
"""The index from which on two scenarios count as nearly the same: a copy with its names and numbers changed has about
0.9, two scenarios on one theme by one author less than 0.1."""
SHINGLE = 3
_BYTES = 4
_WORD = re.compile(r"\w+")


def signature_of(scenario: Scenario) -> str:
    """The signature of what is said in a scenario, as base64 of 32-bit numbers."""
    from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]

    words = _WORD.findall(" ".join(_said(scenario)).lower())
    shingles = {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=1)
    minhash.update(sorted(shingles))
    numbers = [number & 0xFFFFFFFF for number in minhash.digest()]
    return b64encode(b"".join(number.to_bytes(_BYTES, "little") for number in numbers)).decode()


def likeness(one: str, other: str) -> float:
    """The estimated Jaccard index of two signatures' shingles, from 0 to 1."""
    pairs = zip(_places(one), _places(other), strict=True)
    return sum(mine == theirs for mine, theirs in pairs) / PERMUTATIONS


def near_pairs(signatures: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The pairs (i, j), i < j, of signatures at least NEAR alike, in order; only what shares a band is compared."""
    places = [_places(signature) for signature in signatures]
    candidates = set[tuple[int, int]]()
    for start in range(0, PERMUTATIONS, ROWS):
        buckets: dict[tuple[bytes, ...], list[int]] = {}
        for number, own in enumerate(places):
            buckets.setdefault(tuple(own[start : start + ROWS]), []).append(number)
        # A pair with the first of its bucket is enough: whoever is near another is near what that one is near to.
        candidates |= {(found[0], later) for found in buckets.values() for later in found[1:]}
    for first, second in sorted(candidates):
        if likeness(signatures[first], signatures[second]) >= NEAR:
            yield first, second


def _said(scenario: Scenario) -> Iterator[str]:
    for turn in scenario.turns:
        yield turn.text if isinstance(turn, UserTurn) else " ".join(part.text for part in turn.parts)


def _places(signature: str) -> list[bytes]:
    data = b64decode(signature)
    return [data[at : at + _BYTES] for at in range(0, len(data), _BYTES)]
