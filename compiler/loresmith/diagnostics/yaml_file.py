"""A typed YAML file that a person wrote: read with positions, so that every mistake shows its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from loresmith.diagnostics.failure import InvalidCall

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[str | int]

# libyaml reads in a tenth of the time; both give the same nodes with the same positions.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlMistake(InvalidCall):
    """A mistake at a place in a YAML file; `line` and `column` count from 1."""

    def __init__(
        self, message: str, path: Path, line: int, column: int, *, remedy: str, excerpt: str
    ) -> None:
        super().__init__(message, where=f"{path}:{line}:{column}", remedy=remedy, excerpt=excerpt)
        self.line = line
        self.column = column


@dataclass(frozen=True)
class YamlFile:
    """A file's text, its YAML nodes and what they stand for; `noun` is what a person calls such a file."""

    path: Path
    noun: str
    source: str
    document: yaml.MappingNode
    content: dict[str, Any]

    def typed(self, model: type[Model]) -> Model:
        """The content as `model`; raises InvalidCall with line, column, excerpt and a did-you-mean."""
        try:
            return model.model_validate(self.content)
        except ValidationError as error:
            raise self._explained(model, error) from error

    def failure(self, location: Location, message: str, remedy: str = "") -> YamlMistake:
        """A failure at the value at `location`: keys and indexes from the top."""
        return _failure(self.path, self.source, self._place(location), message, remedy)

    def _place(self, location: Location, *, of_key: bool = False) -> tuple[int, int]:
        node = _node_at(self.document, location, want_key=of_key)
        return node.start_mark.line + 1, node.start_mark.column + 1

    def _explained(self, model: type[BaseModel], error: ValidationError) -> YamlMistake:
        problems = error.errors()
        # A key with a slip in it is unknown, and the right one is missing: the slip is the cause.
        problem = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
        location = list(problem["loc"])
        unknown = problem["type"] == "extra_forbidden"
        message, remedy = _message(model, location, problem["type"], problem["msg"])
        place = self._place(location, of_key=unknown)
        return _failure(self.path, self.source, place, message, remedy)


def read_yaml(path: Path, noun: str, *, may_be_empty: bool = False, text: str | None = None) -> YamlFile:
    """The file with its positions; `text`, where it is given, stands for what the file holds.

    Raises InvalidCall when the file can't be read, YamlMistake when it isn't a mapping in YAML.
    """
    source = _read(path, noun) if text is None else text
    loader: Any = _Loader(source)
    try:
        document = loader.get_single_node()
        if document is None and may_be_empty:
            start = yaml.Mark(str(path), 0, 0, 0, None, 0)
            document = yaml.MappingNode("tag:yaml.org,2002:map", [], start, start)
        if not isinstance(document, yaml.MappingNode):
            raise _failure(path, source, (1, 1), f"A {noun} is a mapping of keys to values.")
        _refuse_repeated_keys(path, source, document)
        return YamlFile(path, noun, source, document, loader.construct_document(document))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _failure(
            path, source, place, f"This isn't valid YAML: {error.problem}.", _quotes_wanted(source, place[0])
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _failure(path, source, (1, 1), "This isn't valid YAML.") from error
    finally:
        loader.dispose()


def _read(path: Path, noun: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidCall(f"The {noun} isn't UTF-8 text.", where=str(path)) from error
    except OSError as error:
        raise InvalidCall(f"The {noun} can't be read: {error.strerror}.", where=str(path)) from error


def _quotes_wanted(source: str, line: int) -> str:
    """What to do about a line that YAML can't read because a value begins with a sign of its own."""
    text = "".join(source.splitlines()[line - 1 : line])
    return "Put the value in quotes." if re.search(r":\s*[>@%`|&*!][=\w ]", text) else ""


def _refuse_repeated_keys(path: Path, source: str, node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(path, source, item)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            place = (key.start_mark.line + 1, key.start_mark.column + 1)
            raise _failure(path, source, place, f"The key {key.value!r} stands here twice.")
        if isinstance(key.value, str):
            seen.add(key.value)
        _refuse_repeated_keys(path, source, value)


def _message(model: type[BaseModel], location: Location, kind: str, text: str) -> tuple[str, str]:
    """What a validation error says to a person, and what to do about it."""
    dotted = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        return f"Unknown key {dotted!r}.", _did_you_mean(model, location)
    if kind == "missing":
        return f"The key {dotted!r} is missing.", ""
    text = re.sub(r"^Value error, ", "", text)
    remedy = "Put it in quotes: YAML read it as something else." if kind == "string_type" else ""
    text = text if text.endswith((".", "?")) else f"{text}."
    return f"{dotted}: {text}".removeprefix(": "), remedy


def _node_at(node: yaml.Node, location: Location, *, want_key: bool) -> yaml.Node:
    """The deepest YAML node on the way to `location`."""
    for depth, part in enumerate(location):
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                return node
            node = pair[0] if want_key and depth == len(location) - 1 else pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
    return node


def _did_you_mean(model: type[BaseModel], location: Location) -> str:
    known = list(_keys_at(model, location[:-1]))
    elsewhere = [
        key for key in known if str(location[-1]) in list(_keys_at(model, [*location[:-1], key], below=True))
    ]
    if elsewhere:
        return f"It belongs below {elsewhere[0]}."
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known keys here: {', '.join(known)}."


def _keys_at(model: type[BaseModel], location: Location, *, below: bool = False) -> Iterator[str]:
    """The keys at a place; none `below` a key that holds a value and no keys."""
    for part in location:
        if isinstance(part, str):
            outer, model = model, _model_of(model, part)
            if below and model is outer:
                return
    for name, field in model.model_fields.items():
        yield field.alias or name


def _model_of(model: type[BaseModel], key: str) -> type[BaseModel]:
    field = next(f for n, f in model.model_fields.items() if key in (n, f.alias))
    annotation = field.annotation
    arguments = [a for a in getattr(annotation, "__args__", ()) if isinstance(a, type)]
    inner = next((a for a in arguments if issubclass(a, BaseModel)), annotation)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return inner
    return model


def _failure(path: Path, source: str, place: tuple[int, int], message: str, remedy: str = "") -> YamlMistake:
    line, column = place
    lines = source.splitlines()
    excerpt = f"{lines[line - 1]}\n{' ' * (column - 1)}^" if line <= len(lines) else ""
    return YamlMistake(message, path, line, column, remedy=remedy, excerpt=excerpt)
