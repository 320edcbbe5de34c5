"""A project's tools.yaml: what it can say, what each mistake says, and that the published schema says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from loresmith.check.examples import check_examples
from loresmith.commands.schema import schema_of
from loresmith.diagnostics.failure import InvalidCall
from loresmith.ir.tool_file import ToolFile
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.syntax.calls import canonical_call
from pydantic import ValidationError

ROOT = Path(__file__).parents[2]
SHIPPED = load_vocabulary()
WEATHER = """\
tools:
  - name: weather
    description: The weather turns.
    result: text
    parameters:
      - {name: kind, type: choice, values: [rain, deep snow]}
"""
MISTAKES = [
    ("tols: []\n", "1:1", "Unknown key 'tols'", "Did you mean tools?"),
    (WEATHER + "    exmaples: []\n", "7:5", "Unknown key 'tools.0.exmaples'", "Did you mean examples?"),
    (WEATHER.replace("values", "vlues"), "6:36", "Unknown key 'tools.0.parameters.0.vlues'", "mean values?"),
    (WEATHER.replace("rain", "yes"), "6:45", "tools.0.parameters.0.values.0", "Put it in quotes"),
    (WEATHER.replace("rain", "'a, b'"), "6:45", "should match pattern", ""),
    (WEATHER.replace("weather", "Weather"), "2:11", "should match pattern", ""),
    (WEATHER.replace("choice", "choise"), "6:28", "'name', 'integer', 'choice' or 'text'", ""),
    (WEATHER.replace("choice", "text"), "6:9", "belong to a choice", ""),
    (
        WEATHER.replace("values: [rain, deep snow]", "lists: [skils]"),
        "6:44",
        "no list 'skils'",
        "mean skills?",
    ),
    (WEATHER.replace("result", "reslt"), "4:5", "Unknown key 'tools.0.reslt'", "Did you mean result?"),
    (WEATHER.replace("    result: text\n", ""), "2:5", "'tools.0.result' is missing", ""),
    (WEATHER + "    aliases: [{name: roll}]\n", "7:22", "'roll' belongs to 'roll' already", ""),
    (WEATHER + "    aliases: [{name: sky, arguments: [hail]}]\n", "7:15", "no more and no less", ""),
    (WEATHER + "    aliases: [{name: sky, arguments: ['{1}', a]}]\n", "7:15", "1 arguments at most", ""),
    (WEATHER + WEATHER[7:], "7:11", "two entries", ""),
    ("remove: [rol]\n", "1:10", "no tool 'rol' below", "Did you mean roll?"),
    ("extend: {tools: [{name: rol}]}\n", "1:25", "no tool 'rol' below", "Did you mean roll?"),
    ("extend: {lists: {skils: [piloting]}}\n", "1:25", "no list 'skils' below", "Did you mean skills?"),
    (
        "extend: {tools: [{name: rest, parameters: [{name: why, type: text}, "
        "{name: kind, type: text, required: false}]}]}\n",
        "1:18",
        "optional parameters come last",
        "",
    ),
    ("remove: [roll]\nextend: {tools: [{name: roll}]}\n", "2:25", "no tool 'roll' below", ""),
    ("tools: [\n", "2:1", "isn't valid YAML", ""),
    ("- a\n", "1:1", "is a mapping", ""),
    ("version: 2\n", "1:10", "version", ""),
    ("version: 1\nversion: 1\n", "2:1", "stands here twice", ""),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "tools.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str) -> Vocabulary:
    return load_vocabulary(written(folder, text))


@pytest.mark.parametrize(("text", "place", "message", "remedy"), MISTAKES)
def test_a_mistake_shows_its_place(tmp_path: Path, text: str, place: str, message: str, remedy: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InvalidCall) as caught:
        load_vocabulary(path)
    assert caught.value.where == f"{path}:{place}"
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 2
    assert caught.value.excerpt.endswith("^") or text == "tools: [\n"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "version: 1\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == SHIPPED


def test_an_entry_adds_a_tool(tmp_path: Path) -> None:
    vocabulary = loaded(tmp_path, WEATHER)
    assert [tool.name for tool in vocabulary.tools] == [*(t.name for t in SHIPPED.tools), "weather"]
    assert problem(vocabulary, "[Weather: deep_snow]") is None


def test_an_entry_replaces_the_tool_of_its_name(tmp_path: Path) -> None:
    vocabulary = loaded(tmp_path, WEATHER.replace("name: weather", "name: rest"))
    assert len(vocabulary.tools) == len(SHIPPED.tools)
    assert problem(vocabulary, "[rest: rain]") is None
    assert problem(vocabulary, "[rest: short]") is not None


def test_a_list_replaces_and_extends(tmp_path: Path) -> None:
    replaced = loaded(tmp_path, "lists: {conditions: [cursed]}\n")
    assert problem(replaced, "[condition: Lyra, add, cursed]") is None
    assert problem(replaced, "[condition: Lyra, add, prone]") is not None
    extended = loaded(tmp_path, "extend: {lists: {conditions: [cursed]}}\n")
    assert problem(extended, "[condition: Lyra, add, cursed]") is None
    assert problem(extended, "[condition: Lyra, add, prone]") is None


def test_an_extension_changes_a_tool_in_parts(tmp_path: Path) -> None:
    text = """\
extend:
  tools:
    - name: rest
      description: The party makes camp.
      parameters:
        - {name: kind, type: choice, values: [short, long, full]}
        - {name: hours, type: integer, required: false, minimum: 1, maximum: 24}
      aliases: [{name: camp, arguments: ["{1}"]}]
      examples: ["[rest: full, 24]"]
"""
    vocabulary = loaded(tmp_path, text)
    rest, was = vocabulary.tool("rest"), SHIPPED.tool("rest")
    assert rest and was
    assert rest.description == "The party makes camp."
    assert rest.examples == (*was.examples, "[rest: full, 24]")
    assert problem(vocabulary, "[camp: full, 24]") is None
    assert problem(vocabulary, "[rest: short]") is None
    assert problem(vocabulary, "[rest: full, 25]") is not None


def test_an_extension_may_not_make_the_shipped_examples_wrong(tmp_path: Path) -> None:
    path = tmp_path / "tools.yaml"
    mode = "{name: mode, type: choice, values: [advantage, disadvantage, lucky]}"
    path.write_text(f"extend:\n  tools:\n    - name: roll\n      parameters:\n        - {mode}\n")
    with pytest.raises(
        InvalidCall, match=r"The shipped example \[roll: perception\] isn't a right call any more"
    ):
        check_examples(path, load_vocabulary(path))
    path.write_text(path.read_text().replace("lucky]", "lucky], required: false"))
    check_examples(path, load_vocabulary(path))


def test_a_tool_can_be_removed(tmp_path: Path) -> None:
    vocabulary = loaded(tmp_path, "remove: [quest, spell]\n")
    assert not {"quest", "spell", "spellcast"} & vocabulary.names
    assert len(vocabulary.tools) == len(SHIPPED.tools) - 2


def test_a_call_keeps_the_names_that_it_needs(tmp_path: Path) -> None:
    text = """\
tools:
  - name: shop
    description: Somebody buys.
    result: text
    parameters:
      - {name: item, type: text}
      - {name: price, type: integer, required: false}
      - {name: keeper, type: text, required: false}
"""
    vocabulary = loaded(tmp_path, text)
    for call, canonical in (
        ("[shop: rope, keeper=Tom]", "[shop: rope, keeper=Tom]"),
        ("[shop: keeper=Tom, price=5, item=rope]", "[shop: rope, 5, Tom]"),
        ("[shop: item=a=b, keeper=Tom]", "[shop: item=a=b, keeper=Tom]"),
    ):
        made = canonical_call(call, vocabulary)
        assert made
        assert made.text == canonical
        assert canonical_call(canonical, vocabulary).text == canonical  # type: ignore[union-attr]
        assert vocabulary.problem(made, 2) is None


@pytest.mark.parametrize(
    ("what", "published"), [("tools", "grammar/tools.schema.json"), ("recipe", "recipes/recipe.schema.json")]
)
def test_the_published_schema_is_the_models(what: str, published: str) -> None:
    text = (ROOT / published).read_text(encoding="utf-8")
    assert text == json.dumps(schema_of(what), indent=2) + "\n", (
        f"{published} is stale: loresmith schema {what} > {published}"
    )


def test_the_shipped_vocabulary_fits_the_schema() -> None:
    shipped = yaml.safe_load((ROOT / "grammar" / "tools.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(shipped, schema_of("tools"), cls=jsonschema.Draft202012Validator)


# What no JSON Schema can say: the order of parameters, names that are taken, lists that aren't there.
BEYOND_SCHEMA = ("come last", "already", "no list", "below", "two entries", "no more and no less", "at most")
BEYOND_YAML = ("isn't valid YAML", "stands here twice")
COMPARED = [WEATHER, "{}"] + [
    text for text, _, said, _ in MISTAKES if not any(sign in said for sign in BEYOND_SCHEMA + BEYOND_YAML)
]


@pytest.mark.parametrize("text", COMPARED)
def test_the_schema_and_the_model_agree(text: str) -> None:
    content = yaml.safe_load(text)
    assert schema_accepts(content) == model_accepts(content) == (text in (WEATHER, "{}"))


PARAMETERS = [
    {"type": "choice", "dice": True},
    {"type": "choice", "values": []},
    {"type": "choice", "lists": [], "values": []},
    {"type": "text", "dice": True},
    {"type": "text", "minimum": 3},
    {"type": "text", "sign": "required"},
    {"type": "integer", "sign": "required", "minimum": 3},
    {"type": "integer", "dice": False, "values": []},
    {"type": "name", "maximum": None},
    {"type": "name", "values": ["a"]},
]


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_the_schema_and_the_model_agree_on_parameters(parameter: dict[str, Any]) -> None:
    tool = {"name": "x", "description": "d", "result": "sum", "parameters": [{"name": "a"} | parameter]}
    assert schema_accepts({"tools": [tool]}) == model_accepts({"tools": [tool]})


def test_both_verdicts_occur() -> None:
    tools = [
        {"name": "x", "description": "d", "result": "sum", "parameters": [{"name": "a"} | p]}
        for p in PARAMETERS
    ]
    assert {model_accepts({"tools": [tool]}) for tool in tools} == {True, False}


def schema_accepts(content: object) -> bool:
    return jsonschema.Draft202012Validator(schema_of("tools")).is_valid(content)  # type: ignore[arg-type]


def model_accepts(content: object) -> bool:
    try:
        ToolFile.model_validate(content)
    except ValidationError:
        return False
    return True


def problem(vocabulary: Vocabulary, text: str) -> str | None:
    call = canonical_call(text, vocabulary)
    assert call
    found = vocabulary.problem(call, 2)
    return found.reason if found else None
