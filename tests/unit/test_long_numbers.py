"""Numbers of more digits than Python reads (4,300), wherever an author or a model can write one."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from loresmith.augment.spoken import numbers_spoken
from loresmith.check.file import compile_source
from loresmith.commands.entry import exit_code_of
from loresmith.diagnostics.failure import InvalidCall
from loresmith.emit.gbnf import emit_gbnf
from loresmith.emit.gbnf_integers import at_least, integer
from loresmith.emit.json_schema import emit_json_schema
from loresmith.emit.typescript import PARSER
from loresmith.ir.arguments import INTEGER
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.syntax.calls import canonical_call
from loresmith.validate.meaning import meaning_of

from tests.vocabulary.acceptance import ByteVocabulary, Grammar, write_byte_vocabulary

VOCABULARY = load_vocabulary()
LONG = "9" * 5000
RIGHT = """\
# SYSTEM

## Role

DM.

## World

W.

## Location

L.

## Party

- **Lyra** (player): Elf Ranger, level 3
  - Health: 9/9
  - Inventory: arrow x20, rope
  - Skills: perception +5

# User

I look.

# DM

You look. [health: player, -1]

<TOOLCALL>health: 9 - 1 = *8*</TOOLCALL>

A thing. [inventory: player, add, key x2] [roll: 1d20+1]

<TOOLCALL>1d20+1: 5 + 1 = *6*</TOOLCALL>

Dust.
"""


def only(text: str) -> Path:
    """A project's scenario with that text."""
    path = Path("ai-training", "scenarios", "combat", "long.md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("right", "long", "found"),
    [
        ("player, -1]", f"player, -{LONG}]", "28:28: SC302"),
        ("[roll: 1d20+1]", f"[roll: 1d20+{LONG}]", "32:50: SC302"),
        ("[roll: 1d20+1]", f"[roll: {LONG}d20]", "32:50: SC302"),
        ("health: 9 - 1 = *8*", f"health: {LONG} - 1 = *8*", "30:1: SC104"),
        ("health: 9 - 1 = *8*", f"health: 9 - 1 = *-{LONG}*", "30:1: SC104"),
        ("5 + 1 = *6*", f"5 + 1 = *6* vs DC {LONG} failure", "34:1: SC104"),
        ("5 + 1 = *6*", f"1d{LONG}[5] + 1 = *6*", "34:1: SC104"),
        ("Health: 9/9", f"Health: {LONG}", "18:5: SC205"),
        ("perception +5", f"perception +{LONG}", "20:5: SC205"),
    ],
)
def test_lint_and_clean_name_the_place_and_go_on(
    project: Path, right: str, long: str, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert RIGHT.count(right) == 1
    path = only(RIGHT.replace(right, long))
    path.with_name("other.md").write_text(RIGHT.replace("[roll:", "[rol:"))
    assert exit_code_of(["lint"]) == 1
    told = capsys.readouterr().out
    assert f"{path.as_posix()}:{found}" in told
    assert "other.md:32:44: SC301" in told
    assert exit_code_of(["data", "clean"]) == 1
    assert f"{path.as_posix()}: left as it is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("right", "long"), [("arrow x20", f"arrow x{LONG}"), ("key x2", f"{LONG} keys"), ("Dust", f"Dust {LONG}")]
)
def test_where_a_number_is_only_told_it_may_be_long(project: Path, right: str, long: str) -> None:
    path = only(RIGHT.replace(right, long))
    assert exit_code_of(["lint"]) == 0
    scenario = compile_source(path.as_posix(), path.read_bytes(), VOCABULARY).scenario
    assert scenario is not None
    assert numbers_spoken(scenario) == set()


def test_a_models_answer_may_hold_one() -> None:
    call = canonical_call(f"[health: Lyra, -{LONG}]", VOCABULARY)
    assert call is not None
    assert meaning_of(call, VOCABULARY, ["Lyra"]) == ("health", "Lyra", f"-{LONG}")
    problem = VOCABULARY.problem(call, 1)
    assert problem is not None
    assert problem.reason == "`amount` has a number of 5000 digits; a call's has at most 9."


def test_a_tools_bounds_are_no_longer_than_a_calls_numbers(tmp_path: Path) -> None:
    path = tmp_path / "tools.yaml"
    parameter = "{name: hours, type: integer, maximum: 1000000000}"
    path.write_text(
        f"tools: [{{name: wait, description: Time passes., result: text, parameters: [{parameter}]}}]"
    )
    with pytest.raises(InvalidCall, match="less than or equal to 999999999"):
        load_vocabulary(path)


@pytest.fixture(scope="module")
def of_bytes(tmp_path_factory: pytest.TempPathFactory) -> ByteVocabulary:
    return ByteVocabulary(write_byte_vocabulary(tmp_path_factory.mktemp("bytes") / "bytes.gguf"))


@pytest.fixture(scope="module")
def anybody(of_bytes: ByteVocabulary) -> Grammar:
    return of_bytes.grammar(emit_gbnf(VOCABULARY))


@pytest.mark.parametrize(
    ("call", "passes"),
    [
        ("[health: Lyra, -999999999]", True),
        ("[health: Lyra, -1000000000]", False),
        ("[health: Lyra, +000000001]", True),
        ("[health: Lyra, +0000000001]", False),
        ("[charge: +999999999]", True),
        ("[charge: +1000000000]", False),
        ("[roll: 999999999d999999999+999999999 - 000000000]", True),
        ("[roll: 1000000000d20]", False),
        ("[roll: 1d1000000000]", False),
        ("[roll: 1d20+1000000000]", False),
        ("[roll: 000000001d000000010]", True),
        ("[roll: 000000001d000000001]", False),
        ("[roll: 000000000d000000010]", False),
        ("[roll: 0000000001d20]", False),
        ("[roll: 1d0000000020]", False),
    ],
)
def test_the_grammar_agrees_with_the_checker(anybody: Grammar, call: str, passes: bool) -> None:
    canonical = canonical_call(call, VOCABULARY)
    assert canonical is not None
    assert (VOCABULARY.problem(canonical, 1) is None) == passes
    assert anybody.accepts(call) == passes


def numbers(of_bytes: ByteVocabulary, body: str | None) -> Grammar:
    """The grammar of one number."""
    assert body
    return of_bytes.grammar(f"root ::= {body}\n")


def test_bounds_count_zeros_among_the_digits(of_bytes: ByteVocabulary) -> None:
    bounded = numbers(of_bytes, integer(3, 120, plus='"+"?'))
    assert [text for text in ("3", "000000003", "000000120", "+99") if not bounded.accepts(text)] == []
    assert [text for text in ("2", "0000000003", "0000000120", "121") if bounded.accepts(text)] == []
    nothing = numbers(of_bytes, integer(0, 0, plus='"+"?'))
    assert nothing.accepts("000000000")
    assert not nothing.accepts("0000000000")
    assert not nothing.accepts("1")
    large = numbers(of_bytes, integer(15, None, plus='"+"?'))
    assert [text for text in ("15", "999999999", "000000015") if not large.accepts(text)] == []
    assert [text for text in ("14", "1000000000", "0000000015") if large.accepts(text)] == []
    third = numbers(of_bytes, at_least(3))
    assert [text for text in ("3", "10", "29", "000000003", "999999999") if not third.accepts(text)] == []
    assert [text for text in ("0", "1", "2", "000000002", "0000000003") if third.accepts(text)] == []


def test_the_schema_and_the_typescript_agree() -> None:
    schema = jsonschema.Draft202012Validator(emit_json_schema(VOCABULARY))

    def fits(amount: int) -> bool:
        return schema.is_valid({"tool": "health", "arguments": {"name": "Lyra", "amount": amount}})

    assert (fits(999_999_999), fits(10**9), fits(-(10**9))) == (True, False, False)
    for dice, right in (
        ("999999999d999999999+999999999", True),
        ("1d1000000000", False),
        ("9" * 10 + "d6", False),
    ):
        assert schema.is_valid({"tool": "roll", "arguments": {"what": dice}}) == right
    parser = PARSER.read_text(encoding="utf-8")
    assert f"const INTEGER = /^{INTEGER.pattern}$/;" in parser
    assert "[0-9]+" not in parser
