"""Calls and results as their grammar reads them."""

from __future__ import annotations

import pytest
from loresmith.diagnostics.span import Span
from loresmith.ir.scenario import Argument, Call
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.syntax.calls import canonical_call, find_calls, parse_call
from loresmith.syntax.results import parse_result

VOCABULARY = load_vocabulary()


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("[roll: perception]", "[roll: perception]"),
        ("[ROLL:Perception]", "[roll: perception]"),
        ("[check: sleight_of_hand ,  Advantage]", "[roll: sleight of hand, advantage]"),
        ("[save: wisdom]", "[roll: wisdom save]"),
        ("[charge: 5]", "[gold: player, -5]"),
        ("[roll: 2D6 + 3]", "[roll: 2d6+3]"),
        ("[health: amount = -1, name = Lyra]", "[health: Lyra, -1]"),
        ("[experience: Lyra, +50]", "[experience: Lyra, 50]"),
        ('[inventory: player, add, "silver key"]', "[inventory: player, add, silver key]"),
        ('[inventory: player, add, "rope, silk"]', '[inventory: player, add, "rope, silk"]'),
        ("[roll: thieves’ tools]", "[roll: thieves' tools]"),
    ],
)
def test_calls_in_other_words_are_equal(written: str, canonical: str) -> None:
    call = canonical_call(written, VOCABULARY)
    assert call is not None
    assert call.text == canonical
    assert canonical_call(call.text, VOCABULARY).text == canonical  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("[roll: thieves’ tools]", "Thieves’ tools"),
        ("[roll: sleight of hand]", "sleight_of_hand"),
        ("[roll: 2d6+3]", "2d6 + 3"),
        ("[roll: perception]", "roll"),
    ],
)
def test_a_label_names_its_call(written: str, label: str) -> None:
    call = canonical_call(written, VOCABULARY)
    assert call is not None
    assert call.is_named(label)
    assert not call.is_named("insight")


def test_a_remembered_form_has_the_spans_of_its_own_call() -> None:
    calls = [
        Call(
            tool="check",
            arguments=(_argument("Advantage", line, "mode"), _argument("Stealth", line)),
            span=_span(line),
        )
        for line in (3, 8)
    ]
    for call, line in zip(calls, (3, 8), strict=True):
        made = VOCABULARY.canonical(call)
        assert made is not None
        assert made.text == "[roll: stealth, advantage]"
        assert [made.span, *(argument.span for argument in made.arguments)] == [_span(line)] * 3


def test_a_call_keeps_each_arguments_own_span() -> None:
    for _ in range(2):
        made = canonical_call("[health: amount=-1, name=Lyra]", VOCABULARY)
        assert made is not None
        assert [(a.value, a.span.column) for a in made.arguments] == [("Lyra", 21), ("-1", 10)]


def _span(line: int) -> Span:
    return Span(line=line, column=1, end_line=line, end_column=2)


def _argument(value: str, line: int, name: str | None = None) -> Argument:
    return Argument(name=name, value=value, span=_span(line))


@pytest.mark.parametrize(
    "text", ["[frob: x]", "[roll: ]", "[roll:, a]", "[roll perception]", "no call", "[roll: x"]
)
def test_what_isnt_a_known_call_has_no_canonical_form(text: str) -> None:
    assert canonical_call(text, VOCABULARY) is None


def test_calls_are_found_by_the_apps_pattern() -> None:
    text = "You try [roll: stealth] and [note: this\nthat]; [roll perception] isn't one, nor is [rest]."
    found = find_calls(text)
    assert [call.text for call in found] == ["[roll: stealth]", "[note: this\nthat]"]
    assert [text[call.start : call.end] for call in found] == [call.text for call in found]
    assert found[0].call is not None
    assert found[1].call is None


def test_argument_ranges_count_in_the_text() -> None:
    text = "[health: name=Lyra,  -1 ]"
    call = parse_call(text)
    assert call is not None
    assert [text[a.range.start : a.range.end] for a in call.arguments] == ["name=Lyra", "-1"]


@pytest.mark.parametrize(
    ("call", "members", "reason"),
    [
        ("[health: -1]", 1, None),
        ("[health: -1]", 2, "`health` lacks its argument `name`."),
        ("[health: Lyra, 1]", 2, "`amount` needs its sign."),
        ("[roll: 0d6]", 2, "`what` isn't a dice expression: '0d6'."),
        ("[roll: d20]", 2, "`what` isn't a dice expression: 'd20'."),
        ("[roll: perception, twice]", 2, "`mode` can't be 'twice'."),
        ("[rest: short]", 2, None),
        ("[spell: Lyra, bless]", 2, None),
        ("[spell: Lyra, bless, Borin]", 2, None),
    ],
)
def test_calls_are_checked_against_the_vocabulary(call: str, members: int, reason: str | None) -> None:
    made = canonical_call(call, VOCABULARY)
    assert made is not None
    assert VOCABULARY.check_call(made, members) == reason


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("\u22121", "Write -1, with the keyboard's own minus sign."),
        ("\u201312", "Write -12, with the keyboard's own minus sign."),
        ("\u2212", None),
        ("two", None),
    ],
)
def test_a_typesetters_minus_is_told(written: str, hint: str | None) -> None:
    made = canonical_call(f"[health: Lyra, {written}]", VOCABULARY)
    assert made is not None
    problem = VOCABULARY.problem(made, 2)
    assert problem is not None
    assert problem.hint == hint


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("dex save", "dexterity save"),
        ("Perc", "perception"),
        ("sleight of hnd", "sleight of hand"),
        ("percepton", "perception"),
        ("sur", "survival"),
    ],
)
def test_a_value_that_is_none_is_told_the_nearest(written: str, meant: str) -> None:
    made = canonical_call(f"[roll: {written}]", VOCABULARY)
    assert made is not None
    problem = VOCABULARY.problem(made, 2)
    assert problem is not None
    assert problem.hint == f"Did you mean {meant!r}?"


def test_an_unknown_tool_is_refused() -> None:
    span = Span(line=1, column=1, end_line=1, end_column=9)
    call = Call(tool="rol", arguments=(Argument(value="x", span=span),), span=span)
    assert VOCABULARY.check_call(call, 1) == "There is no tool 'rol'."


@pytest.mark.parametrize(
    ("inside", "total", "canonical"),
    [
        ("perception: 15 + 5(skill) = *20*", 20, "15 + 5(skill) = *20*"),
        ("x:15+5( two words )-1=**19**", 19, "15 + 5(two words) - 1 = *19*"),
        ("x: 2d20KH1[14, 9] + 5 = 19", 19, "2d20kh1[14, 9] + 5 = *19*"),
        ("x: 3 - 8 = *-5*", -5, "3 - 8 = *-5*"),
        ("x: 15 = *15* vs dc 14 **Success**", 15, "15 = *15* vs DC 14 **Success**"),
    ],
)
def test_sums(inside: str, total: int, canonical: str) -> None:
    result = parse_result(inside, 0)
    assert result.sum is not None
    assert (result.sum.total, result.body) == (total, canonical)
    assert parse_result(f"x: {canonical}", 0).body == canonical


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        ("", "The result is empty."),
        ("x:", "The result is empty."),
        ("no colon", "The result has no label."),
        (": 5 = *5*", "The result has no label."),
        ("x: 15 + 5(skill)", "The sum has no total."),
        ("x: 15 + 5 =", "The sum has no total."),
        ("x: 15 + 5 = *y*", "The sum's total isn't a number."),
    ],
)
def test_malformed_results(inside: str, problem: str) -> None:
    assert parse_result(inside, 0).problem == problem


@pytest.mark.parametrize(
    "body", ["Zara rolls 1d20+5 = 14+5 = 19", "rope added", "15 = *15* splendid", "-3 + 5 = *2*"]
)
def test_prose(body: str) -> None:
    result = parse_result(f"x: {body}", 0)
    assert (result.sum, result.problem, result.body) == (None, None, body)
