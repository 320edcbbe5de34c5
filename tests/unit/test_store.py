"""Artefacts are there whole or not at all; deliveries are numbered and never doubled."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from loresmith.deliver.configuration import app_configuration
from loresmith.deliver.genealogy import earlier_versions
from loresmith.deliver.versions import deliver, read_metadata, versions_of
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.store import files
from loresmith.store.artefacts import Store, key_of
from loresmith.store.files import files_below, json_lines, read_file, write_atomically


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentFailure, match="disk is full"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are POSIX")
def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/file")
    for content in ("new", "newer"):
        write_atomically(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "there" / "file").read_text() == content


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are POSIX")
def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("place", ["folder", "file/below", "file/below/it"])
def test_where_no_file_can_be_is_a_wrong_call(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InvalidCall, match="Nothing can be written there") as caught:
        write_atomically(tmp_path / place, "x")
    assert caught.value.where == str(tmp_path / place)
    assert (tmp_path / "file").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_folder_that_cannot_be_read_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "a.md").write_text("")
    (tmp_path / "b.txt").write_text("")
    assert files_below(tmp_path, ".md") == [tmp_path / "a.md"]
    scan = os.scandir

    def refuse(folder: str | Path) -> Any:
        if Path(folder).name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scan(folder)

    with monkeypatch.context() as unlisted:
        unlisted.setattr(os, "scandir", refuse)
        with pytest.raises(InvalidCall, match="can't be read: Permission denied") as caught:
            files_below(tmp_path, ".md")
    assert caught.value.where == str(tmp_path / "shut")

    def shut_out(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", shut_out)
    with pytest.raises(InvalidCall, match="can't be read: Permission denied") as caught:
        files_below(tmp_path, ".md")
    assert caught.value.where == str(tmp_path / "a.md")


def test_the_key_changes_with_every_input() -> None:
    keys = {
        key_of("a", 1, {"x": 1}),
        key_of("a", 2, {"x": 1}),
        key_of("b", 1, {"x": 1}),
        key_of("a", 1, {"x": 2}),
    }
    assert len(keys) == 4
    assert key_of("a", 1, {"x": 1, "y": 2}) == key_of("a", 1, {"y": 2, "x": 1})


def made(folder: Path) -> dict[str, int]:
    (folder / "out.txt").write_text("content")
    (folder / "log.txt").write_text(str(os.urandom(4)))
    return {"n": 1}


def test_an_artefact_is_made_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.build("s", "k", {}, made, unkeyed=("log.txt",))
    again = store.build("s", "k", {}, lambda _: pytest.fail("ran twice"))
    assert first == again
    assert first.facts == {"n": 1}
    assert set(first.files) == {"out.txt", "log.txt"}


def test_unkeyed_files_do_not_change_the_digest(tmp_path: Path) -> None:
    digests = {
        Store(tmp_path / name).build("s", "k", {}, made, unkeyed=("log.txt",)).digest for name in ("a", "b")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("damage", ["missing", "{}", "[]"])
def test_an_artefact_that_isnt_whole_any_more_counts_as_not_built(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    artefact = store.build("s", "k", {}, made)
    if damage == "missing":
        (artefact.folder / "out.txt").unlink()
    else:
        (artefact.folder / "manifest.json").write_text(damage)
    assert store.find("s", "k") is None
    assert (store.build("s", "k", {}, made).folder / "out.txt").read_text() == "content"


@pytest.mark.parametrize("resumable", [True, False])
def test_a_stopped_stage_leaves_no_artefact(tmp_path: Path, resumable: bool) -> None:
    store = Store(tmp_path)

    def stopped(folder: Path) -> dict[str, int]:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.build("s", "k", {}, stopped, resumable=resumable)
    assert store.find("s", "k") is None
    assert store.work_folder("s", "k").exists() == resumable
    seen = store.build("s", "k", {}, lambda f: {"half": (f / "half").exists()}, resumable=resumable)
    assert seen.facts == {"half": resumable}


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.work_folder("s", "other") / "half").mkdir(parents=True)
    store.build("s", "k", {}, made)
    assert not store.work_folder("s", "other").exists()


def test_a_damaged_manifest_counts_as_not_built(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artefact = store.build("s", "k", {}, made)
    (artefact.folder / "manifest.json").write_text("{")
    assert store.find("s", "k") is None
    assert store.build("s", "k", {}, made).facts == {"n": 1}


def test_two_builds_at_once_are_refused(tmp_path: Path) -> None:
    with (
        Store(tmp_path).locked(),
        pytest.raises(EnvironmentFailure, match="Another loresmith build"),
        Store(tmp_path).locked(),
    ):
        pass


METADATA = {"app": {"model": "m.gguf", "mmproj": None}}


def test_versions_count_up_and_the_same_build_is_not_delivered_twice(tmp_path: Path) -> None:
    source = tmp_path / "source.gguf"
    source.write_bytes(b"GGUF")
    first = deliver(tmp_path / "models", "dm", "aaa", {"m.gguf": source}, METADATA)
    second = deliver(tmp_path / "models", "dm", "bbb", {"m.gguf": source}, METADATA)
    again = deliver(tmp_path / "models", "dm", "bbb", {"m.gguf": source}, METADATA)
    assert (first.version, first.is_new) == ("v1", True)
    assert (second.version, second.is_new) == ("v2", True)
    assert (again.version, again.is_new) == ("v2", False)
    assert versions_of(tmp_path / "models" / "dm") == ["v1", "v2"]
    back = deliver(tmp_path / "models", "dm", "aaa", {"m.gguf": source}, METADATA)
    assert (back.version, back.is_new) == ("v3", True)
    assert read_metadata(first.folder)["build"] == "aaa"
    assert first.model.read_bytes() == b"GGUF"


def test_what_was_deleted_of_a_delivered_build_comes_back(tmp_path: Path) -> None:
    source = tmp_path / "source.gguf"
    source.write_bytes(b"GGUF")
    first = deliver(tmp_path / "models", "dm", "aaa", {"m.gguf": source}, METADATA)
    first.model.unlink()
    again = deliver(tmp_path / "models", "dm", "aaa", {"m.gguf": source}, METADATA)
    assert (again.version, again.is_new, again.model.read_bytes()) == ("v1", False, b"GGUF")
    (first.folder / "model-metadata.json").write_text('{"build": "aaa"}')
    assert deliver(tmp_path / "models", "dm", "aaa", {"m.gguf": source}, METADATA).version == "v2"


def test_where_links_cant_be_made_the_copy_is_whole_and_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, synced = tmp_path / "source.gguf", list[bytes]()
    source.write_bytes(b"GGUF")

    def no_link(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    def sync(file: Path) -> None:
        synced.append(file.read_bytes())

    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(files, "sync_file", sync)
    model = deliver(tmp_path / "models", "dm", "aaa", {"m.gguf": source}, METADATA).model
    assert (model.read_bytes(), model.stat().st_nlink, synced) == (b"GGUF", 1, [b"GGUF"])


def test_a_version_whose_metadata_arent_whole_is_no_ancestor(tmp_path: Path) -> None:
    for number, text in enumerate(('{"build": "b"}', "[]", '{"data": 1, "version": "v3"}', "{"), start=1):
        folder = tmp_path / f"v{number}"
        folder.mkdir()
        (folder / "model-metadata.json").write_text(text)
    assert earlier_versions(tmp_path, "other") == ()


def test_a_build_delivered_again_comes_after_those_before_it(tmp_path: Path) -> None:
    for number, build in enumerate("aba", start=1):
        folder = tmp_path / f"v{number}"
        folder.mkdir()
        content = {
            "version": f"v{number}", "build": build, "data": {"digest": "d", "train_scenarios": 1},
            "training": {"best_eval_loss": 1.0}, "scores": {"tuned": {"exact": 0.5}}, "app": {"model": "m.gguf"},
            "files": {"m.gguf": {"bytes": 1}},
        }  # fmt: skip
        (folder / "model-metadata.json").write_text(json.dumps(content))
    assert [one.version for one in earlier_versions(tmp_path, "a")] == ["v2", "v1"]
    assert [one.version for one in earlier_versions(tmp_path, "b")] == ["v3", "v2", "v1"]


@pytest.mark.skipif(os.name == "nt", reason="names are UTF-16 there")
def test_a_name_that_isnt_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.md")
    path.write_bytes(b"text")
    with pytest.raises(InvalidCall, match="UTF-8") as refused:
        read_file(path)
    assert refused.value.where.endswith("bad\ufffd.md")


def test_only_a_line_feed_ends_a_line_of_json(tmp_path: Path) -> None:
    lines = ['{"a": "one\u2028two\u2029three\x85four"}', '{"b": 1}']
    (tmp_path / "lines.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert json_lines(tmp_path / "lines.jsonl") == lines


def test_ten_comes_after_nine(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        (tmp_path / f"v{number}").mkdir()
    (tmp_path / "vnext").mkdir()
    assert versions_of(tmp_path) == ["v1", "v9", "v10"]


def test_the_configuration_is_typescript_with_absolute_paths(tmp_path: Path) -> None:
    source = tmp_path / "source.gguf"
    source.write_bytes(b"GGUF")
    delivery = deliver(tmp_path / 'mo"dels', "dm", "a", {"m.gguf": source}, METADATA)
    text = app_configuration(delivery)
    assert f'const modelPath = "{tmp_path}/mo\\"dels/dm/v1/m.gguf";' in text
    assert "const mmprojPath = null;" in text
    with_vision = delivery.model_copy(update={"projector": delivery.folder / "p.gguf"})
    assert 'p.gguf";' in app_configuration(with_vision)
