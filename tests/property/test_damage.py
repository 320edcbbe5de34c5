"""Damaged files: always a scenario or findings, in time that grows with the length, with spans inside the file."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from loresmith.check.file import compile_source
from loresmith.fix.file import fix_bytes
from loresmith.format.source import format_bytes
from loresmith.ir.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
FOLDER = Path(__file__).parents[1] / "golden" / "front_end"
SEEDS = tuple(path.read_bytes() for path in sorted(FOLDER.glob("*/input.md")))
CASES, BATCHES = 20_000, 20
TOKENS = (
    b"[", b"]", b"[roll: ", b"<TOOLCALL>", b"</TOOLCALL>", b"<DM>", b"</DM>", b"<SYSTEM>", b"```", b"`", b"<!--",
    b"-->", b"---\n", b"# User\n", b"# DM\n", b"## Party\n", b"**", b"|", b"\\", b"(", b"=", b"*", b"\xff", b"\x00",
    b"\xe2\x80\xa8", b"\r", b"\t", b'"', b"d20", b"9" * 400, b"- ", b": ",
)  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    """A golden input with one to six injuries."""
    data = chance.choice(SEEDS)
    for _ in range(chance.randint(1, 6)):
        data = chance.choice(INJURIES)(data, chance)
    return data


def _flip(data: bytes, chance: random.Random) -> bytes:
    found = bytearray(data or b"x")
    found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found)


def _cut(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randrange(60) :]


def _insert(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.choice(TOKENS) * chance.randint(1, 3) + data[place:]


def _lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, other = (chance.randrange(len(lines)) for _ in range(2))
    kind = chance.randrange(3)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _spliced(data: bytes, chance: random.Random) -> bytes:
    other = chance.choice(SEEDS)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


INJURIES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _cut, _insert, _lines, _spliced)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_files_give_a_scenario_or_findings(batch: int) -> None:
    for number in range(CASES // BATCHES):
        require_sane(mutated(random.Random(f"{batch}/{number}")), formatted=number % 10 == 0)


def require_sane(data: bytes, *, formatted: bool = True) -> None:
    """A scenario, or at least one error; every span inside the file; what is formatted stays readable."""
    compiled = compile_source("scenarios/a/b.md", data, VOCABULARY)
    lines = (
        data.decode("utf-8", errors="replace")
        .removeprefix("\ufeff")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
    )
    lengths = [len(line) for line in lines.split("\n")]
    assert compiled.scenario is not None or any(f.severity == "error" for f in compiled.findings), data
    for found in compiled.findings:
        assert 1 <= found.line <= found.end_line <= len(lengths), (found, data)
        assert 1 <= found.column <= lengths[found.line - 1] + 1, (found, data)
        assert 1 <= found.end_column <= lengths[found.end_line - 1] + 2, (found, data)
        assert (found.line, found.column) <= (found.end_line, found.end_column), (found, data)
    if formatted:
        require_mended(data, accepted=compiled.scenario is not None)


def require_mended(data: bytes, *, accepted: bool) -> None:
    """What can be read can be formatted, unless errors are silenced; fixes come to an end, and break nothing that could
    be read."""
    if accepted and b"noqa" not in data:
        assert format_bytes("scenarios/a/b.md", data, VOCABULARY).text is not None, data
    fixed = fix_bytes("scenarios/a/b.md", data, VOCABULARY, lambda _code: True).data
    assert fix_bytes("scenarios/a/b.md", fixed, VOCABULARY, lambda _code: True).data == fixed, data
    if accepted:
        assert compile_source("scenarios/a/b.md", fixed, VOCABULARY).scenario is not None, data


GOOD = (FOLDER / "canonical" / "input.md").read_text(encoding="utf-8")
NESTED: dict[str, Callable[[int], str]] = {
    "a long line": lambda n: f"{GOOD}\n\n{'word ' * n}",
    "one long line of brackets": lambda n: f"{GOOD}\n\n{'[' * n}{']' * n}",
    "open calls": lambda n: f"{GOOD}\n\n{'[roll: ' * n}",
    "open results": lambda n: f"{GOOD}\n\n{'<TOOLCALL>' * n}",
    "results": lambda n: f"{GOOD}\n\n{'<TOOLCALL>x: 1 = *1*</TOOLCALL>' * n}",
    "terms of a sum": lambda n: f"{GOOD}\n\n<TOOLCALL>health: {'1 + ' * n}1 = *2*</TOOLCALL>",
    "arguments": lambda n: f"{GOOD}\n\n[roll: {'a, ' * n}b]",
    "parentheses": lambda n: GOOD.replace("rope (50 ft)", "(" * n + ")" * n),
    "backticks": lambda n: f"{GOOD}\n\n{'` ``` ' * n}",
    "open comments": lambda n: f"{GOOD}\n\n{'<!-- ' * n}",
    "open fences": lambda n: f"{GOOD}\n\n" + "```\n\n" * (n + 1 - n % 2),
    "headings": lambda n: GOOD + "\n# User\n\na\n\n# DM\n\nb\n" * n,
    "open tags": lambda n: GOOD + "\n<DM>\n" * n,
    "members": lambda n: GOOD.replace("## Party\n", "## Party\n" + "- x\n" * n),
    "front matter": lambda n: GOOD.replace("tags: [search, undead]", f"tags: [{'a, ' * n}b]"),
    "fields": lambda n: GOOD.replace("## World", "## Foo\n\nx\n\n" * n + "## World"),
    "asterisks": lambda n: f"{GOOD}\n\n{'*' * n}\n\n{'**a' * n}",
    "table": lambda n: GOOD.replace("## Party\n", f"## Party\n\n|{'a|' * n}\n"),
}


@pytest.mark.parametrize("kind", NESTED)
def test_time_grows_with_the_length_at_most(kind: str) -> None:
    """Four times the length may take four times as long; a square would take sixteen times."""
    size = 2_500
    short, long = (NESTED[kind](n).encode() for n in (size, 4 * size))
    require_sane(long, formatted=False)
    # A machine that is busy now and then shows a square in some tries; a square shows in all.
    ratio = min(_seconds(long) / _seconds(short) for _ in range(5))
    assert ratio < 10, f"{ratio:.1f} times as long"


def _seconds(data: bytes) -> float:
    """Processor time without the collector's, whose rounds take longer the more other tests have left."""
    gc.collect()
    gc.disable()
    try:
        started = time.process_time()
        compile_source("scenarios/a/b.md", data, VOCABULARY)
        return time.process_time() - started
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "text", ["word " * 1_000_000, "[roll: x] " * 500_000, "(" * 5_000_000, "`" * 5_000_000]
)
def test_single_lines_of_five_megabytes(text: str) -> None:
    require_sane(f"{GOOD}\n\n{text}".encode(), formatted=False)
