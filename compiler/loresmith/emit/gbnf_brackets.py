"""Text around calls in GBNF: which brackets are text, and which have to become a call.

The app finds `[word:`, so that has to become a call. `[roll perception]` and `[ roll: perception]` it doesn't find,
though they are meant for it: a bracket whose first word is a tool's name doesn't close unless it is a call. A grammar
can't say "any word but these", so the words are spelled out letter by letter, as a trie.
"""

from __future__ import annotations

from collections.abc import Iterable

from loresmith.emit.gbnf_rules import WORD, WORD_SIGNS, Rules, one_of, word_in_any_case

BLANK = " \t\n\r\f\v"
"""White space between a bracket and its word."""
_NESTED = '"[" bracket'


def reserve_text(rules: Rules) -> None:
    """Take the names of the rules that the calls' rules lead back to, and of the one that the text leads to."""
    for name in ("root", "bracket", "spaced", "word", "spaced-word", "unclosed", "call"):
        rules.reserve(name)


def define_text(rules: Rules, names: Iterable[str]) -> None:
    """Define text with brackets; `names` are what calls may begin with, in lower case. `call` is defined elsewhere."""
    names = sorted(set(names))
    blank = one_of(BLANK)
    other = rf"[^\[{WORD}{blank[1:-1]}] root"
    rules.define("root", rf"[^\[]* ({_NESTED})?")
    rules.define("word", rf"([{WORD}] word | {_NESTED} | [^\[:{WORD}] root)?")
    rules.define("spaced-word", rf"([{WORD}] spaced-word | {_NESTED} | [^\[{WORD}] root)?")
    rules.define("unclosed", rf'([^\[\]\n] unclosed | {_NESTED} | "\n" root)?')
    near, far = _Words(rules, names, "word", ":").first(), _Words(rules, names, "spaced-word", "").first()
    rules.define("bracket", f"(call root | {near} | {blank} spaced | {_NESTED} | {other})?")
    rules.define("spaced", f"({far} | {blank} spaced | {_NESTED} | {other})?")


class _Words:
    """The first word of a bracket: `free` is the rule of a word that is no name any more, `barred` what may not follow
    the word, since only a call may have it there."""

    def __init__(self, rules: Rules, names: Iterable[str], free: str, barred: str) -> None:
        self._rules = rules
        self._names = list(names)
        self._free = free
        self._barred = barred

    def first(self) -> str:
        """The alternatives for the word's first letter."""
        return " | ".join(self._next(""))

    def _after(self, spelled: str) -> str:
        """The rule of what may follow the letters that are spelled so far."""
        ends = rf'"\n" root | [^\[\]{self._barred}\n{WORD}] unclosed'
        goes_on = rf"[^\[{self._barred}{WORD}] root"
        end = ends if spelled in self._names else goes_on
        return self._rules.add(
            f"{self._free}-{spelled}", f"({' | '.join(self._next(spelled))} | {_NESTED} | {end})?"
        )

    def _next(self, spelled: str) -> list[str]:
        letters = sorted({n[len(spelled)] for n in self._names if n.startswith(spelled) and n != spelled})
        known = [f"{word_in_any_case(letter)} {self._after(spelled + letter)}" for letter in letters]
        return [*known, f"{_but(letters)} {self._free}"]


def _but(letters: Iterable[str]) -> str:
    """The signs of a word without these letters in any case."""
    taken = {sign for letter in letters for sign in (letter, letter.upper())}
    return one_of("".join(sign for sign in WORD_SIGNS if sign not in taken))
