"""`loresmith tools`: the vocabulary listed, checked, emitted, and what it lacks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from loresmith.commands.scenario_files import read_scenario_files
from loresmith.diagnostics.failure import InvalidCall
from loresmith.emit.party import Party
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary

OWN_TOOLS = Path("ai-training/tools.yaml")
KINDS = ("gbnf", "json-schema", "typescript")


def list_tools(root: Path, *, as_json: bool) -> int:
    """Print the vocabulary; gives exit code 0."""
    vocabulary = load_vocabulary(root / OWN_TOOLS)
    if as_json:
        print(json.dumps([tool.model_dump(mode="json") for tool in vocabulary.tools], indent=2))
        return 0
    for tool in vocabulary.tools:
        print(f"{tool.signature}\n  {tool.description}")
    return 0


def check_tools(path: Path | None, root: Path) -> int:
    """Check a tools.yaml with its examples; gives exit code 0. Raises InvalidCall for its first mistake."""
    from loresmith.check.examples import check_examples

    file = path or root / OWN_TOOLS
    shipped = load_vocabulary()
    if path is None and not file.is_file():
        print(f"There is no {OWN_TOOLS}: the {len(shipped.tools)} shipped tools are all there are.")
        return 0
    if not file.is_file():
        raise InvalidCall("There is no such file.", where=str(path))
    vocabulary = load_vocabulary(file)
    check_examples(file, vocabulary)
    print(_difference(shipped, vocabulary))
    return 0


def _difference(shipped: Vocabulary, vocabulary: Vocabulary) -> str:
    """What a project's file makes of the shipped tools, in words."""
    before = {tool.name: tool for tool in shipped.tools}
    after = {tool.name: tool for tool in vocabulary.tools}
    told = {
        "added": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
        "removed": sorted(before.keys() - after.keys()),
    }
    parts = [f"{what}: {', '.join(names)}" for what, names in told.items() if names]
    return "; ".join([f"{len(after)} tools", *parts]) + "."


def emit_tools(kind: str, output: Path | None, party: str, creatures: str, root: Path) -> int:
    """Write the vocabulary as a grammar, a schema or a module to `output` or the screen; gives exit code 0.

    `party` and `creatures` are names, by comma. Raises InvalidCall for a kind that there isn't.
    """
    from loresmith.store.files import write_atomically

    if kind == "typescript" and (party or creatures):
        raise InvalidCall(
            "A TypeScript module has no names in it.", remedy="Leave --party and --creatures out."
        )
    if creatures and not party:
        raise InvalidCall("Creatures alone don't say who may be named.", remedy="Give --party too.")
    text = _emitted(kind, load_vocabulary(root / OWN_TOOLS), Party(_names(party), _names(creatures)))
    if output is None:
        print(text, end="")
    else:
        write_atomically(root / output, text)
    return 0


def _emitted(kind: str, vocabulary: Vocabulary, party: Party) -> str:
    if kind == "gbnf":
        from loresmith.emit.gbnf import emit_gbnf

        return emit_gbnf(vocabulary, party)
    if kind == "json-schema":
        from loresmith.emit.json_schema import emit_json_schema

        return json.dumps(emit_json_schema(vocabulary, party), indent=2, ensure_ascii=False) + "\n"
    if kind == "typescript":
        from loresmith.emit.typescript import emit_typescript

        return emit_typescript(vocabulary)
    raise InvalidCall(f"There is no kind {kind!r}.", remedy=f"Kinds: {', '.join(KINDS)}.")


def _names(listed: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in listed.split(","))))


def discover_tools(paths: Sequence[Path], root: Path) -> int:
    """Print entries for the calls that no entry declares, as YAML; gives exit code 0.

    Raises InvalidCall for a file that isn't UTF-8.
    """
    from loresmith.discover.entries import as_yaml
    from loresmith.discover.propose import propose_tools
    from loresmith.discover.uses import Use, find_uses

    vocabulary, uses = load_vocabulary(root / OWN_TOOLS), list[Use]()
    files = read_scenario_files(paths, root)
    for shown, data in files.items():
        try:
            uses += find_uses(shown, data, vocabulary)
        except UnicodeDecodeError as error:
            remedy = "loresmith lint shows the place."
            raise InvalidCall("The file isn't UTF-8 text.", where=shown, remedy=remedy) from error
    if uses:
        print(as_yaml(propose_tools(uses, vocabulary), vocabulary), end="")
    else:
        print(f"# {len(files)} files read: every call is declared.")
    return 0
