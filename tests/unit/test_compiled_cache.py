"""What is kept of compiled files never changes what is found, whatever happens to the cache."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from loresmith.check import project as checking
from loresmith.check.project import CheckedProject, check_project
from loresmith.check.workers import CHUNK, PARALLEL_FROM
from loresmith.commands.entry import exit_code_of
from loresmith.ir.vocabulary import Vocabulary, load_vocabulary
from loresmith.store.compiled import CompiledCache, Kept

VOCABULARY = load_vocabulary()
GOLDEN = Path(__file__).parents[1] / "golden" / "front_end" / "canonical" / "input.md"
# Without its front matter, so that id and category follow from the path.
CANONICAL = GOLDEN.read_text(encoding="utf-8").split("---\n", 2)[2].lstrip()
PATH = "ai-training/scenarios/combat/a.md"
WRONG = CANONICAL.replace("*20*", "*21*")
FILES = {PATH: CANONICAL.encode(), "ai-training/scenarios/combat/b.md": WRONG.encode()}


@pytest.fixture
def compiled_paths(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that are compiled, not found, from now on."""
    paths = list[str]()
    compiled_chunks = checking.compiled_chunks

    def noted(files: Mapping[str, bytes], vocabulary: Vocabulary) -> Iterator[dict[str, Kept]]:
        paths.extend(files)
        return compiled_chunks(files, vocabulary)

    monkeypatch.setattr(checking, "compiled_chunks", noted)
    return paths


def checked(folder: Path, files: Mapping[str, bytes], vocabulary: Vocabulary = VOCABULARY) -> CheckedProject:
    return check_project(files, vocabulary, CompiledCache(folder / "build" / "compiled.sqlite"))


def same(first: CheckedProject, second: CheckedProject) -> bool:
    return first.findings == second.findings and first.scenarios() == second.scenarios()


def test_an_unchanged_file_is_compiled_once(tmp_path: Path, compiled_paths: list[str]) -> None:
    first = checked(tmp_path, FILES)
    assert compiled_paths == list(FILES)
    again = checked(tmp_path, FILES)
    assert same(first, again)
    assert compiled_paths == list(FILES)
    sums = [(found.path, found.code) for found in again.findings if found.code == "SC401"]
    assert sums == [(list(FILES)[1], "SC401")]
    assert [scenario.path for scenario in again.scenarios()] == list(FILES)
    assert same(again, check_project(FILES, VOCABULARY))


def test_changed_content_is_compiled_anew(tmp_path: Path, compiled_paths: list[str]) -> None:
    checked(tmp_path, FILES)
    compiled_paths.clear()
    found = checked(tmp_path, {**FILES, PATH: WRONG.encode()}).findings
    assert compiled_paths == [PATH]
    assert [one.path for one in found if one.code == "SC401"] == list(FILES)


def test_the_same_content_at_another_path_is_compiled_anew(tmp_path: Path) -> None:
    checked(tmp_path, {PATH: WRONG.encode()})
    moved = "ai-training/scenarios/social/a.md"
    project = checked(tmp_path, {moved: WRONG.encode()})
    assert [one.path for one in project.findings] == [moved]
    assert [one.category for one in project.scenarios()] == ["social"]


def test_a_changed_vocabulary_compiles_everything_anew(tmp_path: Path) -> None:
    assert "SC301" not in {one.code for one in checked(tmp_path, FILES).findings}
    tools = tuple(tool for tool in VOCABULARY.tools if tool.name != "roll")
    without_roll = Vocabulary(tools=tools, lists=VOCABULARY.lists)
    assert "SC301" in {one.code for one in checked(tmp_path, FILES, without_roll).findings}


def test_a_changed_compiler_compiles_everything_anew(
    tmp_path: Path, compiled_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(tmp_path, FILES)
    compiled_paths.clear()
    monkeypatch.setattr(checking, "compiler_digest", lambda: b"another")
    checked(tmp_path, FILES)
    assert compiled_paths == list(FILES)


@pytest.mark.parametrize("damage", ["noise", "cut", "empty", "other table"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: str, compiled_paths: list[str]) -> None:
    whole = checked(tmp_path, FILES)
    path = tmp_path / "build" / "compiled.sqlite"
    _damage(path, damage)
    compiled_paths.clear()
    assert same(checked(tmp_path, FILES), whole)
    assert compiled_paths == list(FILES)
    assert same(checked(tmp_path, FILES), whole)
    assert compiled_paths == list(FILES)


def _damage(path: Path, damage: str) -> None:
    if damage == "noise":
        path.write_bytes(os.urandom(4096))
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE compiled (something INTEGER)")
        connection.close()


@pytest.mark.parametrize("column", ["findings", "outline", "scenario"])
def test_a_damaged_entry_is_compiled_anew(tmp_path: Path, column: str) -> None:
    whole = checked(tmp_path, FILES)
    connection = sqlite3.connect(tmp_path / "build" / "compiled.sqlite")
    with connection:
        connection.execute(f"UPDATE compiled SET {column} = x'00ff'")
    connection.close()
    assert same(checked(tmp_path, FILES), whole)


def test_a_build_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file where the folder should be")
    cache = CompiledCache(tmp_path / "build" / "compiled.sqlite")
    assert same(check_project(FILES, VOCABULARY, cache), check_project(FILES, VOCABULARY))
    assert cache.problem


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_build_folder_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir(mode=0o500)
    cache = CompiledCache(tmp_path / "build" / "compiled.sqlite")
    assert same(check_project(FILES, VOCABULARY, cache), check_project(FILES, VOCABULARY))
    assert cache.problem


@pytest.mark.parametrize("threads", [0, 1])
def test_many_files_are_compiled_in_several_processes_as_in_one(threads: int) -> None:
    """Beside another thread, processes are spawned instead of forked."""
    over = threading.Event()
    others = [threading.Thread(target=over.wait, daemon=True) for _ in range(threads)]
    for other in others:
        other.start()
    many = {f"scenarios/combat/{n:03}.md": [CANONICAL, WRONG][n % 2].encode() for n in range(PARALLEL_FROM)}
    project = check_project(many, VOCABULARY)
    over.set()
    assert [one.path for one in project.findings if one.code == "SC401"] == list(many)[1::2]
    one_by_one = [check_project({path: data}, VOCABULARY) for path, data in many.items()]
    assert project.scenarios() == [one for single in one_by_one for one in single.scenarios()]


def test_two_processes_at_once_find_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "ai-training" / "scenarios" / "combat"
    folder.mkdir(parents=True)
    for number in range(60):
        (folder / f"{number:02}.md").write_text(WRONG.replace("altar", f"altar {number}"), encoding="utf-8")
    command = [sys.executable, "-m", "loresmith", "lint", "--format", "json"]
    running = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    outputs = [process.communicate() for process in running]
    assert len({out for out, _ in outputs}) == 1
    assert outputs[0][0].count(b"SC401") == 60
    assert [err for _, err in outputs] == [b"", b"", b""]


def test_no_cache_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ai-training" / "scenarios" / "combat"
    folder.mkdir(parents=True)
    (folder / "a.md").write_text(CANONICAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["lint", "--no-cache"]) == 0
    assert not (tmp_path / "ai-training" / "build").exists()
    assert exit_code_of(["lint"]) == 0
    assert (tmp_path / "ai-training" / "build" / "compiled.sqlite").exists()


def test_outside_a_project_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text(CANONICAL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["lint", "a.md"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


@pytest.mark.parametrize("count", [120, PARALLEL_FROM + 100])
def test_an_interrupt_keeps_what_was_compiled(
    count: int, tmp_path: Path, compiled_paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"ai-training/scenarios/combat/{n:03}.md": CANONICAL.encode() for n in range(count)}
    compiled_chunks = checking.compiled_chunks

    def interrupted(files: Mapping[str, bytes], vocabulary: Vocabulary) -> Iterator[dict[str, Kept]]:
        yield next(compiled_chunks(files, vocabulary))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checking, "compiled_chunks", interrupted)
        with pytest.raises(KeyboardInterrupt):
            checked(tmp_path, files)
    compiled_paths.clear()
    checked(tmp_path, files)
    assert compiled_paths == list(files)[CHUNK:]
