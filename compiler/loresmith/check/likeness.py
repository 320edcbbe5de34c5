"""How alike two scenarios are: MinHash signatures of their words, and which of many are worth comparing.

A. Broder, On the resemblance and containment of documents (1997): two signatures agree in as large a part of their
places as the two sets of shingles have in common (the Jaccard index).
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import eq

from loresmith.ir.scenario import Scenario, UserTurn

PERMUTATIONS = 64
"""Places of a signature: with so many an index of 0.5 is measured to 0.06 (one standard deviation)."""
ROWS = 4
"""Places that must agree in one of the bands for two signatures to be compared: of pairs at 0.5 that happens in 64 of
100, at 0.7 in 99, at 0.8 always, at 0.05 in 1 of 10,000: ten thousand files are compared in a fraction of a second."""
NEAR = 0.5
"""The index from which on two scenarios count as nearly the same. Measured on 202 scenarios: with all names and numbers
changed a copy has 0.53 to 0.94, the nearest other scenario 0.08 at most."""
COMPARED = 4
"""Of the scenarios that share a band, how many trained on and how many held out are compared with every other: more
than the unrelated ones that meet there by chance; all with all would take the square of a large group of copies."""
SHINGLE = 3
_WORD = re.compile(r"\w+")


def signature_of(scenario: Scenario) -> str:
    """The signature of what is said in a scenario, as base64 of 32-bit numbers."""
    from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]

    words = _WORD.findall(" ".join(_said(scenario)).lower())
    shingles = set(map(" ".join, zip(*(words[at:] for at in range(SHINGLE)), strict=False)))
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=1)
    minhash.update(list(shingles or {" ".join(words)}))
    numbers = [number & 0xFFFFFFFF for number in minhash.digest()]
    return b64encode(struct.pack(f"<{PERMUTATIONS}I", *numbers)).decode()


def likeness(one: str, other: str) -> float:
    """The estimated Jaccard index of two signatures' shingles, from 0 to 1."""
    return _agreement(_places(b64decode(one)), _places(b64decode(other)))


def near_pairs(signatures: Sequence[str], trained: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The pairs (i, j), i < j, of signatures at least NEAR alike, in order; only what shares a band is compared.

    `trained` tells which are trained on: each is compared with those of both kinds.
    """
    decoded = [b64decode(signature) for signature in signatures]
    candidates = set[tuple[int, int]]()
    for start in range(0, PERMUTATIONS - ROWS + 1, ROWS):
        sharing = defaultdict[bytes, list[int]](list)
        for number, place in enumerate(decoded):
            sharing[place[4 * start : 4 * (start + ROWS)]].append(number)
        for group in sharing.values():
            if len(group) > 1:
                candidates.update(_compared(group, trained))
    places = [_places(one) for one in decoded]
    for first, second in sorted(candidates):
        if _agreement(places[first], places[second]) >= NEAR:
            yield first, second


def _compared(group: Sequence[int], trained: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The pairs of each of a group with the first COMPARED that are trained on and the first that aren't."""
    firsts = [number for number in group if trained[number]][:COMPARED]
    firsts += [number for number in group if not trained[number]][:COMPARED]
    for first in firsts:
        yield from ((min(first, other), max(first, other)) for other in group if other != first)


def _said(scenario: Scenario) -> Iterator[str]:
    for turn in scenario.turns:
        yield turn.text if isinstance(turn, UserTurn) else " ".join(part.text for part in turn.parts)


def _agreement(one: Sequence[int], other: Sequence[int]) -> float:
    return sum(map(eq, one, other)) / PERMUTATIONS


def _places(decoded: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{PERMUTATIONS}I", decoded)
