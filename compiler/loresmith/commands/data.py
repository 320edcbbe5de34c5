"""`loresmith data`."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loresmith.commands.scenario_files import (
    DEFAULT,
    read_scenario_files,
    scenario_paths,
    shown_paths,
)
from loresmith.diagnostics.failure import FINDINGS, Failure, Rejected
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.library.clean import clean, same_texts
from loresmith.library.snapshot import Change, Snapshot, Snapshots, change
from loresmith.library.statistics import Spread, Statistics, statistics_of
from loresmith.library.table import write_table
from loresmith.lower.conversation import lower_scenario
from loresmith.pipeline.sources import Sources, compile_sources
from loresmith.store.compiled import cache_of
from loresmith.store.files import files_below, read_file, write_atomically

TOOLS = Path("ai-training", "tools.yaml")


def show_statistics(
    paths: Sequence[Path], root: Path, plot: Path | None, page: Path | None, *, as_json: bool
) -> int:
    """Print counts and lengths of the scenarios, draw them into `plot` and put them into `page`; gives exit code 0."""
    statistics = _snapshot(paths, root).statistics
    if page:
        write_table(statistics, page)
        print(f"Written: {page}", file=sys.stderr)
    if plot:
        from loresmith.library.plot import draw_statistics

        draw_statistics(statistics, plot)
        print(f"Drawn: {plot}", file=sys.stderr)
    if as_json:
        print(statistics.model_dump_json(indent=2))
    else:
        _print_statistics(statistics)
    return 0


def keep_snapshot(root: Path) -> int:
    """Keep which scenario files there are now; gives exit code 0."""
    number, new = _snapshots(root).keep(_snapshot((), root))
    print(f"Snapshot {number}." if new else f"Nothing has changed since snapshot {number}.")
    return 0


def show_change(first: int | None, second: int | None, root: Path, *, as_json: bool) -> int:
    """Print what changed from one snapshot to another: by default from the last one to now; gives exit code 0.

    Where the scenarios of now don't compile, the files alone are told, and why is raised.
    """
    snapshots = _snapshots(root)
    numbers = snapshots.numbers()
    if first is None and not numbers:
        raise Rejected("There is no snapshot to compare with.", remedy="Run: loresmith data snapshot")
    before = snapshots.read(numbers[-1] if first is None else first)
    try:
        after = _snapshot((), root) if second is None else snapshots.read(second)
    except Failure:
        if second is None and not as_json:
            print(_change_text(change(before, before.model_copy(update={"files": _digests(root)}))))
        raise
    found = change(before, after)
    print(json.dumps(found.model_dump(), indent=2) if as_json else _change_text(found))
    return 0


def clean_scenarios(paths: Sequence[Path], root: Path, *, check: bool) -> int:
    """Write scenarios in their clean form, or with `check` only say which would change.

    Gives 1 when a file has errors or has the same text as another, or with `check` when one would change; else 0.
    """
    vocabulary, bad, texts, changed = _vocabulary(root), 0, dict[str, str](), 0
    for shown, path in shown_paths(scenario_paths(paths, root), root).items():
        data = read_file(path)
        made = clean(shown, data, vocabulary)
        if made.text is None:
            bad += 1
            print(f"{shown}: left as it is: {made.why}", file=sys.stderr)
            continue
        texts[shown] = made.text
        if made.text.encode() != data:
            changed += 1
            print(f"{shown}: {_counted(made.characters, 'character')} replaced, canonical form")
            if not check:
                write_atomically(path, made.text)
    twins = same_texts(texts)
    for path, other in twins:
        print(f"{path}: has the same text as {other}", file=sys.stderr)
    print(
        f"{_counted(len(texts), 'file')}, {changed} {'would change' if check else 'changed'}.",
        file=sys.stderr,
    )
    return FINDINGS if bad or twins or (check and changed) else 0


def _snapshots(root: Path) -> Snapshots:
    return Snapshots(root / "ai-training" / "build" / "snapshots")


def _snapshot(paths: Sequence[Path], root: Path) -> Snapshot:
    """The scenarios as they are now; raises Rejected with every error of every file."""
    files, vocabulary = read_scenario_files(paths, root), _vocabulary(root)
    scenarios = compile_sources(Sources(files), vocabulary, cache_of(root))
    conversations = [lower_scenario(scenario, vocabulary) for scenario in scenarios]
    return Snapshot(
        files=_hashed(files, root),
        statistics=statistics_of(conversations, [tool.name for tool in vocabulary.tools]),
    )


def _digests(root: Path) -> dict[str, str]:
    """What a snapshot would say of the files, whether they compile or not, and if there is none."""
    shown = shown_paths(files_below(root / DEFAULT, ".md"), root)
    return _hashed({name: read_file(path) for name, path in shown.items()}, root)


def _hashed(files: Mapping[str, bytes], root: Path) -> dict[str, str]:
    # What a scenario may call decides what it compiles to, as its text does.
    tools = {TOOLS.as_posix(): read_file(root / TOOLS)} if (root / TOOLS).is_file() else {}
    return {path: hashlib.sha256(data).hexdigest() for path, data in {**files, **tools}.items()}


def _vocabulary(root: Path) -> Vocabulary:
    return load_vocabulary(root / TOOLS)


def _print_statistics(statistics: Statistics) -> None:
    # A category is the user's own word, not rich's markup.
    console = Console(highlight=False, markup=False, emoji=False)
    silent = statistics.replies_without_call / statistics.replies if statistics.replies else 0.0
    splits = ", ".join(f"{count} {split}" for split, count in statistics.by_split.items())
    console.print(f"{statistics.scenarios} scenarios: {splits}")
    console.print(
        f"{statistics.replies} DM replies, {silent:.0%} without a call; {statistics.calls} calls; "
        f"the player speaks {statistics.player_messages} times"
    )
    console.print(f"A reply has {_lengths(statistics.reply_characters)}")
    console.print(f"The player's words have {_lengths(statistics.player_characters)}")
    table = Table("category", "scenarios")
    for name, count in statistics.by_category.items():
        table.add_row(name, str(count))
    console.print(table)
    table = Table("tool", "calls", "scenarios")
    for name, use in statistics.by_tool.items():
        table.add_row(name, str(use.calls), str(use.scenarios))
    console.print(table)


def _lengths(spread: Spread | None) -> str:
    if spread is None:
        return "no characters: there is none"
    return f"{spread.median} characters (median), 95% at most {spread.p95}, the longest {spread.longest}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _change_text(found: Change) -> str:
    lines = [
        f"{mark} {path}"
        for mark, paths in (("+", found.added), ("-", found.removed), ("~", found.changed))
        for path in paths
    ]
    lines += [
        f"  {name}: {before} -> {after} ({after - before:+d})"
        for name, (before, after) in found.counts.items()
    ]
    return "\n".join(lines) or "Nothing has changed."
