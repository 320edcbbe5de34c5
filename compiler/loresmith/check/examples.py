"""The examples of a tools.yaml: each has to be a right call of its tool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loresmith.diagnostics.yaml_file import Location, read_yaml
from loresmith.ir.tool_file import ToolFile
from loresmith.ir.vocabulary import Vocabulary
from loresmith.syntax.calls import canonical_call, find_calls

MEMBERS = 2
"""An example leaves no name out: it has to be right in any party."""


def check_examples(path: Path, vocabulary: Vocabulary, text: str | None = None) -> None:
    """Check the examples in the file at `path` (or in its unsaved `text`), which is part of `vocabulary`.

    Raises InvalidCall with the place of the first that isn't a right call.
    """
    source = read_yaml(path, "tool vocabulary", may_be_empty=True, text=text)
    file = source.typed(ToolFile)
    for location, tool, example in _examples(file):
        problem = _problem(example, tool, vocabulary)
        if problem:
            raise source.failure(location, f"The example {example} isn't a right call: {problem}")
    for location, tool, example in _extended(file, vocabulary):
        if problem := _problem(example, tool, vocabulary):
            raise source.failure(
                location, f"The shipped example {example} isn't a right call any more: {problem}"
            )


def _examples(file: ToolFile) -> Iterator[tuple[Location, str, str]]:
    for root, tools in ((("tools",), file.tools), (("extend", "tools"), file.extend.tools)):
        for index, tool in enumerate(tools):
            for number, example in enumerate(tool.examples):
                yield (*root, index, "examples", number), tool.name, example


def _extended(file: ToolFile, vocabulary: Vocabulary) -> Iterator[tuple[Location, str, str]]:
    """The examples that the extended tools had before."""
    for index, extension in enumerate(file.extend.tools):
        tool = vocabulary.tool(extension.name)
        for example in tool.examples if tool else ():
            yield ("extend", "tools", index), extension.name, example


def _problem(example: str, tool: str, vocabulary: Vocabulary) -> str | None:
    found = find_calls(example)
    if [one.text for one in found] != [example]:
        return "it is to be one call and nothing else."
    call = canonical_call(example, vocabulary)
    if call is None:
        return "it isn't well formed, or its tool is unknown."
    if call.tool != tool:
        return f"it calls {call.tool!r}."
    return vocabulary.check_call(call, MEMBERS)
