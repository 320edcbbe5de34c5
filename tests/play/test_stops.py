"""Stop strings in streams: wherever the pieces are cut, what is shown is the text before the first of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from loresmith.generate.sampling import APP_STOPS
from loresmith.generate.stops import StopWatch

STOPS = (*APP_STOPS, "<TOOLCALL>")
PIECES = st.lists(
    st.sampled_from(("\n", "\n\n", "Pl", "ayer:", "DM:", "Hum", "an:", "[", "END]", "<TOOL", "CALL>", "a b"))
)


@given(PIECES)
def test_what_is_shown_doesnt_depend_on_the_pieces(pieces: list[str]) -> None:
    watch, shown = StopWatch(STOPS), ""
    for piece in pieces:
        shown += watch.take(piece)
        assert not any(stop in shown for stop in STOPS)
    shown += watch.rest()
    text = "".join(pieces)
    assert shown == text[: min((text.find(stop) for stop in STOPS if stop in text), default=len(text))]
    assert watch.stopped == any(stop in text for stop in STOPS)


def test_text_that_begins_no_stop_is_shown_at_once() -> None:
    watch = StopWatch(STOPS)
    assert watch.take("The door") == "The door"
    assert watch.take(" opens.\n") == " opens."
    assert watch.take("You") == "\nYou"
