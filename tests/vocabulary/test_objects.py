"""Calls as objects: the JSON Schema, and TypeScript's parser, which has to find what ours finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loresmith.emit.json_schema import emit_json_schema
from loresmith.emit.party import Party
from loresmith.emit.typescript import emit_typescript
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.syntax.calls import canonical_call, find_calls

from tests.vocabulary.call_objects import CallObject, call_object
from tests.vocabulary.calls import calls, right_calls
from tests.vocabulary.shipped import ROOT, conversations
from tests.vocabulary.typescript import Parser, compile_typescript

SHIPPED = load_vocabulary()
SCHEMA = jsonschema.Draft202012Validator(emit_json_schema(SHIPPED))
TABLE: list[tuple[str, dict[str, Any]]] = [
    ("[ROLL: Sleight_Of_Hand, Advantage]", {"what": "sleight of hand", "mode": "advantage"}),
    ("[roll: 2D6 + 3]", {"what": "2d6+3"}),
    ("[save: death]", {"what": "death save"}),
    ("[charge: +5]", {"name": "player", "amount": -5}),
    ("[health: amount=-1, name=Lyra]", {"name": "Lyra", "amount": -1}),
    ("[health: -1]", {"amount": -1}),
    ("[experience: Lyra, 0]", {"name": "Lyra", "amount": 0}),
    ('[move: "the inn, upstairs"]', {"location": "the inn, upstairs"}),
    ('[move: "The Gull" inn]', {"location": '"The Gull" inn'}),
    ("[move: location=a=b]", {"location": "a=b"}),
    ("[spell: Borin, bless]", {"name": "Borin", "spell": "bless"}),
]


def our_calls(text: str, vocabulary: Vocabulary, members: int) -> list[CallObject]:
    """The right calls in a text by our own parser and checker."""
    found = (canonical_call(one.text, vocabulary) for one in find_calls(text))
    right = (call for call in found if call and vocabulary.problem(call, members) is None)
    return [call_object(call, vocabulary) for call in right]


@pytest.fixture(scope="module")
def parser(typescript_compiler: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parser]:
    folder = tmp_path_factory.mktemp("typescript")
    source = ROOT / "integrations" / "typescript" / "tools.ts"
    assert compile_typescript(typescript_compiler, [source], folder) == ""
    running = Parser(folder)
    yield running
    running.close()


def test_the_published_module_is_the_vocabularys() -> None:
    published = (ROOT / "integrations" / "typescript" / "tools.ts").read_text(encoding="utf-8")
    command = "loresmith tools emit typescript --output integrations/typescript/tools.ts"
    assert published == emit_typescript(SHIPPED), f"integrations/typescript/tools.ts is stale: {command}"


def test_an_apps_use_of_it_type_checks(typescript_compiler: Path, tmp_path: Path) -> None:
    (tmp_path / "tools.ts").write_text(emit_typescript(SHIPPED), encoding="utf-8")
    use = Path(__file__).with_name("use.ts").read_text(encoding="utf-8")
    (tmp_path / "use.ts").write_text(use, encoding="utf-8")
    assert compile_typescript(typescript_compiler, [tmp_path / "use.ts"], tmp_path / "out") == ""
    (tmp_path / "use.ts").write_text(use.replace('case "rest":', ""), encoding="utf-8")
    assert "'never'" in compile_typescript(typescript_compiler, [tmp_path / "use.ts"], tmp_path / "out")


@pytest.mark.parametrize(("text", "arguments"), TABLE)
def test_calls_as_objects(text: str, arguments: dict[str, Any], parser: Parser) -> None:
    assert [found["arguments"] for found in our_calls(text, SHIPPED, 1)] == [arguments]
    assert parser.calls(text, 1) == our_calls(text, SHIPPED, 1)


def test_they_agree_on_every_shipped_scenario(parser: Parser) -> None:
    count = 0
    for one in conversations():
        for message in one.messages:
            ours = our_calls(message.content, SHIPPED, len(one.party))
            assert parser.calls(message.content, len(one.party)) == ours, message.content
            assert [SCHEMA.is_valid(call) for call in ours] == [True] * len(ours)
            if message.role == "assistant":
                assert len(ours) == len(message.expected_calls)
                count += len(ours)
    assert count > 500


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(calls(SHIPPED), right_calls(SHIPPED)), members=st.sampled_from([1, 3]))
def test_they_agree_on_made_calls(text: str, members: int, parser: Parser) -> None:
    ours = our_calls(text, SHIPPED, members)
    assert parser.calls(text, members) == ours
    assert [SCHEMA.is_valid(call) for call in ours] == [True] * len(ours)


@pytest.mark.parametrize("space", ["", " ", "\t", "\u00a0", "\u2003", "\ufeff", "\u180e", "\u200b"])
def test_they_agree_on_what_white_space_is(space: str, parser: Parser) -> None:
    text = f"[roll: 1d4{space}+{space}1] [roll:{space}sleight{space}of hand] [health: Lyra,{space}-1] [move: a{space}]"
    assert parser.calls(text, 2) == our_calls(text, SHIPPED, 2)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet='[]:,="_ \n\ufeff\u00a0rol2d6+éK', max_size=14))
def test_they_agree_on_any_text(text: str, parser: Parser) -> None:
    made = text.replace("2", "[move: ").replace("6", "[roll: 1d4]")
    assert parser.calls(made, 1) == our_calls(made, SHIPPED, 1)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("roll", {}),
        ("roll", {"what": "stelth"}),
        ("roll", {"what": "0d6"}),
        ("roll", {"what": "2d1"}),
        ("roll", {"what": "stealth", "mode": "twice"}),
        ("roll", {"what": "stealth", "how": "advantage"}),
        ("rol", {"what": "stealth"}),
        ("health", {"name": "Lyra"}),
        ("health", {"name": "Lyra", "amount": "-1"}),
        ("health", {"name": "Lyra", "amount": 1.5}),
        ("spell", {"spell": "bless", "target": "Lyra"}),
        ("move", {"location": ""}),
        ("move", {"location": "a]"}),
    ],
)
def test_the_schema_refuses(tool: str, arguments: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid({"tool": tool, "arguments": arguments})


def test_a_known_party_narrows_the_schema() -> None:
    party = emit_json_schema(SHIPPED, Party(members=("Lyra", "Borin")))
    narrow = jsonschema.Draft202012Validator(party)
    assert narrow.is_valid({"tool": "health", "arguments": {"name": "Lyra", "amount": -1}})
    assert not narrow.is_valid({"tool": "health", "arguments": {"name": "Mira", "amount": -1}})
    assert not narrow.is_valid({"tool": "health", "arguments": {"name": "LYRA", "amount": -1}})
    assert not narrow.is_valid({"tool": "health", "arguments": {"amount": -1}})
