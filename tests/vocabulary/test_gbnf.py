"""The decoding grammar in llama.cpp's own sampler: what passes, what doesn't, and that the checker agrees."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loresmith.emit.gbnf import emit_gbnf
from loresmith.emit.party import Party
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary

from tests.vocabulary.acceptance import ByteVocabulary, Grammar
from tests.vocabulary.calls import calls, checker_accepts, lint_accepts, right_calls
from tests.vocabulary.shipped import dm_messages

SHIPPED = load_vocabulary()
OWN = """\
lists: {weathers: [rain, "l'été", deep snow, 2d6]}
tools:
  - name: weather
    description: The weather turns.
    result: text
    parameters:
      - {name: kind, type: choice, lists: [weathers]}
      - {name: hours, type: integer, minimum: 3, maximum: 120, required: false}
      - {name: where, type: text, required: false}
    aliases:
      - {name: storm, arguments: [deep snow, "{1}"]}
      - {name: deep, arguments: ["deep {1}"]}
  - name: luck_2
    description: Luck.
    result: sum
    result_needed: true
    parameters:
      - {name: dice, type: choice, dice: true}
      - {name: change, type: integer, sign: required, minimum: -12, maximum: 7}
      - {name: who, type: name}
    aliases:
      - {name: unlucky, arguments: [1d6, "-{1}"]}
      - {name: lucky, arguments: [1d6, "{1}", player]}
  - name: clock
    description: Time passes.
    result: text
    parameters: [{name: minutes, type: integer, minimum: 1}]
extend:
  lists: {skills: [piloting]}
  tools: [{name: move, aliases: [{name: go, arguments: ["the {1}"]}]}]
remove: [quest]
"""


@pytest.fixture(scope="module")
def anybody(vocabulary_of_bytes: ByteVocabulary) -> Grammar:
    return vocabulary_of_bytes.grammar(emit_gbnf(SHIPPED))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    path = tmp_path_factory.mktemp("own") / "tools.yaml"
    path.write_text(OWN, encoding="utf-8")
    return load_vocabulary(path)


@pytest.fixture(scope="module")
def own_grammars(vocabulary_of_bytes: ByteVocabulary, own: Vocabulary) -> dict[int, Grammar]:
    return grammars(vocabulary_of_bytes, own)


@pytest.fixture(scope="module")
def shipped_grammars(vocabulary_of_bytes: ByteVocabulary) -> dict[int, Grammar]:
    return grammars(vocabulary_of_bytes, SHIPPED)


def grammars(of_bytes: ByteVocabulary, vocabulary: Vocabulary) -> dict[int, Grammar]:
    """The grammars for a party of one and of three in which anybody else may be named."""
    alone = of_bytes.grammar(emit_gbnf(vocabulary))
    return {1: alone, 3: of_bytes.grammar(emit_gbnf(vocabulary, Party(size=3)))}


def test_every_shipped_call_passes(anybody: Grammar) -> None:
    calls = {around for message in dm_messages() for around in re.findall(r".?\[[^\]]*\]?.?", message)}
    assert sum("[roll:" in call for call in calls) > 100
    assert [call for call in sorted(calls) if not anybody.accepts(call)] == []


def test_shipped_dm_messages_pass_whole(anybody: Grammar) -> None:
    messages = sorted(dm_messages(), key=lambda message: hashlib.sha256(message.encode()).digest())[:2000]
    assert sum(message.count("[") > 1 for message in messages) > 50
    assert [message for message in messages if not anybody.accepts(message)] == []


def test_every_example_passes(anybody: Grammar) -> None:
    assert [e for tool in SHIPPED.tools for e in tool.examples if not anybody.accepts(e)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rain.",
        "A [door], a [link](x), a task [ ], [x], [é: a], [ rolls: x], [rolling on], [:x] and [roll",
        "[roll perception\n] and [ roll: x [and [ rol: x]",
        "[a [b [ROLL:Perception] [Check: sleight_of_hand ,  Advantage]",
        "[roll: 2D6 + 3][roll: 2d20kh1][roll: 007d10 - 1 + 2]",
        "[roll: thieves' tools] [roll: thieves’ tools] [roll: what=stealth, mode = advantage]",
        "[roll: mode=advantage, stealth] [roll: advantage, what=stealth]",
        "[health: Lyra, -1] [health: -1] [health: amount=+3, Borin] [health: the old [goblin, -2]",
        '[move: "the inn, upstairs"] [move: location=a=b] [move: the a = b] [move: "The Gull" inn]',
        "[save: wisdom] [save: death, advantage] [charge: 5] [charge: +5] [award_exp: player, 50]",
        "[spell: bless] [spell: Borin, bless] [spell: Borin, bless, Lyra]",
    ],
)
def test_right_texts_pass(anybody: Grammar, text: str) -> None:
    assert anybody.accepts(text)
    assert checker_accepts(text, SHIPPED, 1)


@pytest.mark.parametrize(
    "text",
    [
        "[note: the door]",
        "[rol: stealth]",
        "[roll:]",
        "[roll: ]",
        "[roll: stealth",
        "[roll: stelth]",
        "[roll: stealth, twice]",
        "[roll: stealth, advantage, advantage]",
        "[roll: stealth, what=stealth]",
        "[roll: stealth, how=advantage]",
        "[roll: 0d6]",
        "[roll: 2d1]",
        "[roll: d20]",
        "[roll: 2d6kh2]",
        "[roll: 2d6+]",
        "[roll: ٣d6]",
        "[health: Lyra]",
        "[health: Lyra, 1]",
        "[health: Lyra, - 1]",
        "[health: Lyra, -1, -1]",
        "[health: Lyra, -1.5]",
        "[charge: -5]",
        "[charge: 5, Lyra]",
        "[save: stealth]",
        "[rest: long\n]",
        "[move: the\ninn]",
        "[move: a, b]",
        "[move: x=y]",
        "[move: x = y]",
        '[move: "a]',
        '[move: ""]',
        '[move: "a, b" c]',
        "[inventory: add, key, Lyra]",
        "[note: x](a link all the same)",
        r"\[note: x]",
        "[a [note: x]",
        "[roll perception]",
        "[ roll: perception]",
        "[Rest]",
        "[\nHealth of all]",
    ],
)
def test_near_misses_are_stopped(anybody: Grammar, text: str) -> None:
    assert not anybody.accepts(text)
    assert not checker_accepts(text, SHIPPED, 1)


def test_what_is_wrong_is_stopped_before_its_bracket_closes(anybody: Grammar) -> None:
    assert anybody.stops_at("You try. [roll: stelth]") == len("You try. [roll: ste")
    assert anybody.stops_at("[note: x]") == len("[note")


def test_a_known_party_narrows_names(vocabulary_of_bytes: ByteVocabulary) -> None:
    party = Party(members=("Lyra Dawn", "Borin"), creatures=("grey wolf",))
    grammar = vocabulary_of_bytes.grammar(emit_gbnf(SHIPPED, party))
    for name in ("Lyra Dawn", "lyra", "Dawn", "Borin", "player", "Grey  Wolf", '"Borin"'):
        assert grammar.accepts(f"[health: {name}, -1]"), name
    for name in ("Daw", "Bori", "goblin", "grey", "Borin x"):
        assert not grammar.accepts(f"[health: {name}, -1]"), name
    assert not grammar.accepts("[health: -1]")
    alone = vocabulary_of_bytes.grammar(emit_gbnf(SHIPPED, Party(members=("Lyra",))))
    assert alone.accepts("[health: -1]")
    assert not alone.accepts("[health: Borin, -1]")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_checker_and_the_grammar_agree(data: st.DataObject, shipped_grammars: dict[int, Grammar]) -> None:
    text = data.draw(st.one_of(calls(SHIPPED), right_calls(SHIPPED)))
    for members, grammar in shipped_grammars.items():
        assert grammar.accepts(text) == checker_accepts(text, SHIPPED, members), (text, members)


@pytest.mark.parametrize(
    ("call", "right"),
    [
        ("[go: x=]", False),
        ("[go: hall = ]", False),
        ("[go: =x]", True),
        ("[go: x]", True),
        ("[go: x=y]", True),
        ("[go: x=y=]", True),
        ("[go: x =y]", True),
        ('[go: "x="]', True),
    ],
)
def test_a_text_that_an_alias_takes(
    call: str, right: bool, own: Vocabulary, own_grammars: dict[int, Grammar]
) -> None:
    for members, grammar in own_grammars.items():
        assert (grammar.accepts(call), checker_accepts(call, own, members)) == (right, right)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_they_agree_on_a_projects_own_tools(
    data: st.DataObject, own: Vocabulary, own_grammars: dict[int, Grammar]
) -> None:
    text = data.draw(st.one_of(calls(own), right_calls(own)))
    for members, grammar in own_grammars.items():
        assert grammar.accepts(text) == checker_accepts(text, own, members), (text, members)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet='[]:,="_ \n\\()rol2d6+é', max_size=14))
def test_they_agree_on_brackets_in_any_text(text: str, anybody: Grammar) -> None:
    assert anybody.accepts(text) == checker_accepts(text, SHIPPED, 1)
    call = text.replace("2", "[roll: 1d4]").replace("6", "[roll:")
    assert anybody.accepts(call) == checker_accepts(call, SHIPPED, 1)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), members=st.sampled_from([1, 3]))
def test_lint_agrees(data: st.DataObject, members: int, shipped_grammars: dict[int, Grammar]) -> None:
    text = data.draw(st.one_of(calls(SHIPPED), right_calls(SHIPPED)))
    assert shipped_grammars[members].accepts(text) == lint_accepts(text, SHIPPED, members)


@settings(max_examples=200, deadline=None)
@given(low=st.integers(-1200, 1200), width=st.integers(0, 3000), value=st.integers(-1500, 3000))
def test_bounds_are_ranges_of_digits(low: int, width: int, value: int) -> None:
    import re

    from loresmith.emit.gbnf_integers import integer

    body = integer(low, low + width, plus='"+"?')
    assert body
    pattern = body.replace(" ", "").replace('"+"', r"\+").replace('"', "")
    assert bool(re.fullmatch(pattern, f"{value}")) == (low <= value <= low + width)
    assert bool(re.fullmatch(pattern, f"{value:+06}")) == (low <= value <= low + width)
