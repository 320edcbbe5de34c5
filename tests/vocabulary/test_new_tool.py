"""A new tool is an entry in tools.yaml and nothing else: it is followed through everything that knows tools."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from loresmith.check.file import compile_source
from loresmith.commands.entry import exit_code_of
from loresmith.ir.vocabulary import load_vocabulary
from loresmith.lower.conversation import lower_scenario
from loresmith.syntax.calls import canonical_call

from tests.vocabulary.acceptance import ByteVocabulary
from tests.vocabulary.call_objects import call_object
from tests.vocabulary.calls import SCENARIO
from tests.vocabulary.typescript import Parser, compile_typescript

ENTRY = """\
version: 1
lists:
  weathers: [rain, deep snow]
tools:
  - name: weather
    description: The weather turns for some hours.
    parameters:
      - {name: kind, type: choice, lists: [weathers]}
      - {name: hours, type: integer, minimum: 1, maximum: 48, required: false}
    result: text
    result_needed: true
    aliases: [{name: snowfall, arguments: [deep snow, "{1}"]}]
    examples: ["[weather: rain, 3]"]
"""
RIGHT = ["[weather: rain]", "[Weather: Deep_Snow, 48]", "[weather: hours=1, kind=rain]", "[snowfall: 7]"]
WRONG = ["[weather: hail]", "[weather: rain, 49]", "[weather: 3]", "[snowfall: 0]", "[weather: rain, 3, x]"]
PARTY = "- **Lyra**: Elf Ranger, level 3\n  - Health: 9/9"
ANSWER = "<TOOLCALL>weather: it rains</TOOLCALL>"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "ai-training" / "scenarios" / "survival"
    folder.mkdir(parents=True)
    (tmp_path / "ai-training" / "tools.yaml").write_text(ENTRY, encoding="utf-8")
    return tmp_path


def write_scenario(project: Path, text: str) -> None:
    source = SCENARIO.format(party=PARTY, text=text)
    (project / "ai-training" / "scenarios" / "survival" / "storm.md").write_text(source, encoding="utf-8")


def emitted(kind: str, project: Path) -> str:
    assert exit_code_of(["tools", "emit", kind, "--output", f"out/{kind}"]) == 0
    return (project / "out" / kind).read_text(encoding="utf-8")


def test_the_entry_is_checked_and_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["tools", "check"]) == 0
    assert capsys.readouterr().out == "12 tools; added: weather.\n"
    assert exit_code_of(["tools", "list"]) == 0
    assert "[weather: kind, hours?]\n  The weather turns for some hours.\n" in capsys.readouterr().out


@pytest.mark.parametrize("call", RIGHT)
def test_right_calls_are_clean(project: Path, call: str) -> None:
    write_scenario(project, f"{call} {ANSWER}")
    assert exit_code_of(["lint", "--strict"]) == 0


@pytest.mark.parametrize("call", WRONG)
def test_wrong_calls_are_found(project: Path, call: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_scenario(project, call)
    assert exit_code_of(["lint"]) == 1
    assert "SC302 error" in capsys.readouterr().out


def test_its_result_is_needed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_scenario(project, "[weather: rain]\n\n# User\n\nI wait.\n\n# DM\n\nIt")
    assert exit_code_of(["lint"]) == 1
    assert "SC304 error: [weather: rain] has no result" in capsys.readouterr().out


def test_the_model_is_told_of_it_and_learns_its_canonical_calls(project: Path) -> None:
    vocabulary = load_vocabulary(project / "ai-training" / "tools.yaml")
    source = SCENARIO.format(party=PARTY, text=f"[snowfall: 7] {ANSWER}")
    scenario = compile_source("scenarios/survival/storm.md", source.encode(), vocabulary).scenario
    assert scenario
    system, _, dm, *_ = lower_scenario(scenario, vocabulary).messages
    assert "- [weather: kind, hours?] The weather turns for some hours." in system.content
    assert dm.expected_calls == ("[weather: deep snow, 7]",)


def test_the_grammar_lets_it_pass(project: Path, vocabulary_of_bytes: ByteVocabulary) -> None:
    grammar = vocabulary_of_bytes.grammar(emitted("gbnf", project))
    assert [call for call in RIGHT if not grammar.accepts(call)] == []
    assert [call for call in WRONG if grammar.accepts(call)] == []


def test_the_schema_knows_it(project: Path) -> None:
    schema = jsonschema.Draft202012Validator(json.loads(emitted("json-schema", project)))
    vocabulary = load_vocabulary(project / "ai-training" / "tools.yaml")
    for text in RIGHT:
        call = canonical_call(text, vocabulary)
        assert call
        assert schema.is_valid(call_object(call, vocabulary))
    assert not schema.is_valid({"tool": "weather", "arguments": {"kind": "hail"}})
    assert not schema.is_valid({"tool": "weather", "arguments": {"kind": "rain", "hours": 49}})


def test_typescript_knows_it(project: Path, typescript_compiler: Path, tmp_path: Path) -> None:
    source = project / "out" / "tools.ts"
    source.parent.mkdir()
    source.write_text(emitted("typescript", project), encoding="utf-8")
    assert "export interface WeatherCall {" in source.read_text(encoding="utf-8")
    assert compile_typescript(typescript_compiler, [source], project / "js") == ""
    parser = Parser(project / "js")
    found = [parser.calls(call, 1) for call in RIGHT + WRONG]
    parser.close()
    assert found == [
        [{"tool": "weather", "arguments": {"kind": "rain"}}],
        [{"tool": "weather", "arguments": {"kind": "deep snow", "hours": 48}}],
        [{"tool": "weather", "arguments": {"kind": "rain", "hours": 1}}],
        [{"tool": "weather", "arguments": {"kind": "deep snow", "hours": 7}}],
        *[[]] * len(WRONG),
    ]


MISTAKES = [
    ("[weather: hail]", "can't be 'hail'"),
    ("[rest: short]", "it calls 'rest'"),
    ("weather: rain", "one call and nothing else"),
    ("[weather: rain, ]", "isn't well formed"),
]


@pytest.mark.parametrize(("example", "reason"), MISTAKES)
def test_a_wrong_example_shows_its_place(
    project: Path, capsys: pytest.CaptureFixture[str], example: str, reason: str
) -> None:
    path = project / "ai-training" / "tools.yaml"
    path.write_text(ENTRY.replace("[weather: rain, 3]", example), encoding="utf-8")
    assert exit_code_of(["tools", "check"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ai-training/tools.yaml:13:16: error: The example")
    assert reason in said


def test_a_mistake_in_the_entry_ends_every_command_that_reads_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "ai-training" / "tools.yaml"
    path.write_text(ENTRY.replace("result_needed", "result_neded"), encoding="utf-8")
    write_scenario(project, "Rain.")
    for command in (
        ["tools", "check"],
        ["tools"],
        ["lint"],
        ["tools", "discover"],
        ["tools", "emit", "gbnf"],
    ):
        assert exit_code_of(command) == 2
        said = capsys.readouterr().err
        assert said.startswith("ai-training/tools.yaml:11:5: error: Unknown key 'tools.0.result_neded'.")
        assert "result_neded: true\n" in said
        assert "help: Did you mean result_needed?" in said


def test_wrong_calls_of_the_commands(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["tools", "emit", "yaml"]) == 2
    assert "gbnf, json-schema, typescript" in capsys.readouterr().err
    assert exit_code_of(["tools", "emit", "typescript", "--party", "Lyra"]) == 2
    assert exit_code_of(["tools", "emit", "gbnf", "--creatures", "wolf"]) == 2
    assert exit_code_of(["tools", "check", "nowhere.yaml"]) == 2
    assert exit_code_of(["tools", "list", "--json"]) == 0


def test_emitted_names_are_the_partys(project: Path, vocabulary_of_bytes: ByteVocabulary) -> None:
    options = ["--party", "Lyra, Borin", "--creatures", "grey wolf"]
    assert exit_code_of(["tools", "emit", "gbnf", "--output", "a.gbnf", *options]) == 0
    grammar = vocabulary_of_bytes.grammar((project / "a.gbnf").read_text(encoding="utf-8"))
    assert grammar.accepts("[health: grey wolf, -1]")
    assert not grammar.accepts("[health: goblin, -1]")


def test_the_shipped_examples_are_right(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from loresmith.resources import shipped_folder

    assert exit_code_of(["tools", "check", str(shipped_folder("grammar") / "tools.yaml")]) == 0
    assert capsys.readouterr().out == "11 tools.\n"


def test_without_a_file_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["tools", "check"]) == 0
    assert "There is no ai-training/tools.yaml" in capsys.readouterr().out
