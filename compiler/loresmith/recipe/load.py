"""Read a recipe file: YAML with positions, so that every error shows its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from loresmith.diagnostics.failure import InvalidCall
from loresmith.recipe.schema import Recipe
from loresmith.resources import shipped_folder


def load_recipe(path: Path) -> Recipe:
    """The recipe in a file; raises InvalidCall with line, column, excerpt and a did-you-mean."""
    source = _read(path)
    try:
        document = yaml.compose(source, Loader=yaml.SafeLoader)
        content = yaml.safe_load(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _failure(path, source, place, f"This isn't valid YAML: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise _failure(path, source, (1, 1), "This isn't valid YAML.") from error
    if not isinstance(document, yaml.MappingNode):
        raise _failure(path, source, (1, 1), "A recipe is a mapping of keys to values.")
    _refuse_repeated_keys(path, source, document)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise _explained(path, source, document, error) from error


def find_recipe(name: str, project: Path) -> Path:
    """The file of a recipe given by path or by name (the project's recipes first, then the shipped ones).

    Raises InvalidCall with a did-you-mean.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = project / name
        if not path.is_file():
            raise InvalidCall("There is no such recipe file.", where=name, remedy=_known(name, project))
        return path
    for folder in (project / "recipes", shipped_folder("recipes")):
        if (folder / f"{name}.yaml").is_file():
            return folder / f"{name}.yaml"
    raise InvalidCall(f"There is no recipe named {name!r}.", remedy=_known(name, project))


def recipe_names(project: Path) -> list[str]:
    """The names of all recipes that can be called, sorted."""
    folders = (project / "recipes", shipped_folder("recipes"))
    return sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.yaml")})


def _known(name: str, project: Path) -> str:
    names = recipe_names(project)
    close = difflib.get_close_matches(Path(name).stem, names, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    return f"{hint}Known recipes: {', '.join(names)}."


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidCall("The recipe isn't UTF-8 text.", where=str(path)) from error
    except OSError as error:
        raise InvalidCall(f"The recipe can't be read: {error.strerror}.", where=str(path)) from error


def _refuse_repeated_keys(path: Path, source: str, node: yaml.Node) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if key.value in seen:
            raise _failure(path, source, _place(key), f"The key {key.value!r} stands here twice.")
        seen.add(key.value)
        _refuse_repeated_keys(path, source, value)


def _explained(path: Path, source: str, document: yaml.Node, error: ValidationError) -> InvalidCall:
    problem = error.errors()[0]
    location = list(problem["loc"])
    node = _node_at(document, location, want_key=problem["type"] == "extra_forbidden")
    dotted = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        return _failure(path, source, _place(node), f"Unknown key {dotted!r}.", _did_you_mean(location))
    if problem["type"] == "missing":
        return _failure(path, source, _place(node), f"The key {dotted!r} is missing.")
    text = re.sub(r"^Value error, ", "", problem["msg"])
    return _failure(path, source, _place(node), f"{dotted}: {text}.".replace("..", "."))


def _node_at(node: yaml.Node, location: Sequence[str | int], *, want_key: bool) -> yaml.Node:
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


def _did_you_mean(location: Sequence[str | int]) -> str:
    known = list(_keys_at(location[:-1]))
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known keys here: {', '.join(known)}."


def _keys_at(location: Sequence[str | int]) -> Iterator[str]:
    model: type[BaseModel] = Recipe
    for part in location:
        if isinstance(part, str):
            model = _model_of(model, part)
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


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _failure(path: Path, source: str, place: tuple[int, int], message: str, remedy: str = "") -> InvalidCall:
    line, column = place
    lines = source.splitlines()
    excerpt = f"{lines[line - 1]}\n{' ' * (column - 1)}^" if line <= len(lines) else ""
    return InvalidCall(message, where=f"{path}:{line}:{column}", remedy=remedy, excerpt=excerpt)
