"""What is a call: the app's pattern, toolcall.lark and the scanner of scenarios have to agree."""

from __future__ import annotations

import re

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.syntax.calls import APP_PATTERN, canonical_call, find_calls, parse_call
from loresmith.syntax.inline import InlineScanner
from loresmith.syntax.opaque import cast_shadows
from loresmith.syntax.source import make_source
from loresmith.syntax.tree import CallPiece, Range

from tests.vocabulary.calls import calls, right_calls

SHIPPED = load_vocabulary()
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"
SIGNS = '[[]]:,="+- \t\nroléK2_d\u00a0\u2028'
texts = st.text(alphabet=SIGNS, max_size=20)
bodies = st.text(alphabet=SIGNS.replace("[", "").replace("]", ""), max_size=12)


def scanned(text: str) -> list[CallPiece]:
    """The calls that the scanner of scenarios finds, malformed ones too."""
    source = make_source("made.md", text)
    scanner = InlineScanner(source, cast_shadows(source, 0), SHIPPED.names)
    pieces = scanner.pieces(Range(0, len(source.text)))
    return [piece for piece in pieces if isinstance(piece, CallPiece)]


def well_formed(body: str) -> bool:
    """What toolcall.lark says, in plain words, of a body without quotation marks."""
    values = [re.sub(r"^\s*[A-Za-z0-9_]+\s*=", "", value) for value in body.split(",")]
    return all(value.strip() for value in values) and not set(body) & set(LINE_ENDS)


@settings(max_examples=500, deadline=None)
@given(text=st.one_of(texts, calls(SHIPPED)))
def test_the_grammar_parses_nothing_that_the_app_doesnt_find(text: str) -> None:
    if parse_call(text) is not None:
        assert APP_PATTERN.fullmatch(text)


@settings(max_examples=500, deadline=None)
@given(name=st.sampled_from(["roll", "r", "_2", "K"]), body=bodies)
@example(name="roll", body="a=b=c")
@example(name="roll", body="=c")
@example(name="roll", body="a =")
def test_the_grammar_parses_what_the_app_finds_and_is_well_formed(name: str, body: str) -> None:
    assume('"' not in body and body)
    assert (parse_call(f"[{name}:{body}]") is not None) == well_formed(body)


@settings(max_examples=500, deadline=None)
@given(text=texts)
def test_where_the_scanner_finds_nothing_malformed_the_app_finds_the_same(text: str) -> None:
    """Where it does, lint reports it. `[word: …]:` at the start of a line is Markdown to the scanner."""
    made = text.replace("2", "[roll: a]").replace("d", "[move: b")
    assume("]:" not in made)
    pieces = scanned(made)
    if all(piece.call for piece in pieces):
        found = find_calls(make_source("made.md", made).text)
        assert [(piece.range.start, piece.range.end) for piece in pieces] == [(f.start, f.end) for f in found]
        assert all(one.call for one in found)


@settings(max_examples=500, deadline=None)
@given(text=st.one_of(calls(SHIPPED), right_calls(SHIPPED)))
def test_the_canonical_form_stands(text: str) -> None:
    call = canonical_call(text, SHIPPED)
    if call is not None and SHIPPED.problem(call, 1) is None:
        again = canonical_call(call.text, SHIPPED)
        assert again is not None
        assert again.text == call.text
        assert SHIPPED.problem(again, 1) is None
