"""Model files that can't be asked, on the command line: each way to judge says why, before it does anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from gguf import GGUFWriter
from loresmith.commands import bench
from loresmith.commands.entry import exit_code_of
from loresmith.commands.init import begin_project
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.generate.refusal import NO_MEMORY, refusal
from loresmith.validate.ask import require_askable

from tests.messages import said
from tests.play.chain_model import write_chain_model
from tests.validate.test_evaluate import PROMPTS

RECIPE = "name: mine\nbase: {path: nowhere}\ntarget: llama.cpp\n"
"""A recipe whose base isn't there: a `bench` that began with it would fail on that."""


def cut(file: Path) -> None:
    whole = write_chain_model(file).read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def scrambled(file: Path) -> None:
    whole = bytearray(write_chain_model(file).read_bytes())
    whole[100:2000] = b"\xaa" * 1900
    file.write_bytes(whole)


def a_part(file: Path, kind: str, architecture: str) -> None:
    writer = GGUFWriter(file, architecture)
    writer.add_type(kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


STRICT = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
MADE: dict[str, tuple[Callable[[Path], object], str]] = {
    "another family": (lambda f: write_chain_model(f, architecture="llama"), "family llama, which loresmith"),
    "unheard of": (lambda f: write_chain_model(f, architecture="unheard-of"), "the family unheard-of, which loresmith"),
    "no template": (lambda f: write_chain_model(f, template=None), "has no chat template"),
    "a template that raises": (lambda f: write_chain_model(f, template=STRICT), "no system here"),
    "a template that adds a number to a text": (
        lambda f: write_chain_model(f, template="{{ messages[0]['content'] + 1 }}"), "can't build the prompts"
    ),
    "a template that gives nothing": (lambda f: write_chain_model(f, template=" "), "an empty prompt"),
    "a broken template": (lambda f: write_chain_model(f, template="{% for m in x %}{{ m }"), "error: unexpected '}'"),
    "cut": (cut, "damaged or cut short"),
    "scrambled": (scrambled, "damaged or cut short"),
    "an adapter": (lambda f: a_part(f, "adapter", "gemma3"), "is an adapter, which changes a model"),
    "a projector": (lambda f: a_part(f, "mmproj", "clip"), "is a projector, which lets a model see"),
    "text": (lambda f: f.write_text("hello"), "isn't a GGUF model file"),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two scenarios, one of them in the eval split, that is the working folder."""
    begin_project(tmp_path)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "mine.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize(
    "command", ["eval mine --model", "eval mine --fidelity --model", "bench --recipe mine"]
)
def test_a_file_that_cannot_be_asked(
    project: Path, capsys: pytest.CaptureFixture[str], made: str, command: str
) -> None:
    write, says = MADE[made]
    write(project / "bad.gguf")
    assert exit_code_of([*command.split(), "bad.gguf", "--split", "eval"]) == 1
    assert says in said(capsys)


@pytest.mark.parametrize("way", [[], ["--fidelity"], ["--free-play"]])
def test_weights_that_are_damaged(project: Path, capsys: pytest.CaptureFixture[str], way: list[str]) -> None:
    whole = write_chain_model(project / "bad.gguf").read_bytes()
    (project / "bad.gguf").write_bytes(whole[: len(whole) // 2] + b"\xff" * (len(whole) - len(whole) // 2))
    assert exit_code_of(["eval", "mine", "--model", "bad.gguf", "--split", "eval", *way]) == 1
    text = said(capsys)
    assert "damaged or cut short" in text
    assert "aren't numbers" in text


@pytest.mark.parametrize("command", [["eval", "mine"], ["bench", "--recipe", "mine"]])
def test_a_file_that_is_not_there(
    project: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    option = ["--model"] if command[0] == "eval" else []
    assert exit_code_of([*command, *option, "none.gguf", "--split", "eval"]) == 2
    assert "There is no such model file." in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["eval mine --model", "eval mine --free-play --model", "bench --recipe mine"]
)
def test_an_empty_split(project: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    write_chain_model(project / "good.gguf")
    assert exit_code_of([*command.split(), "good.gguf", "--split", "test"]) == 1
    text = said(capsys)
    assert "No scenario is in the test split." in text
    assert "`split: test`" in text
    shutil.rmtree(project / "ai-training" / "scenarios")
    assert exit_code_of([*command.split(), "good.gguf", "--split", "eval"]) == 2
    assert "There is no scenarios folder." in said(capsys)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--free-play", "--fidelity"], "two ways of judging"),
        (["--fidelity", "--grammar"], "no grammar can change it"),
        (["--fidelity", "--report", "told"], "no page of fidelity"),
    ],
)
def test_options_that_exclude_each_other(
    project: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    write_chain_model(project / "good.gguf")
    assert exit_code_of(["eval", "mine", "--model", "good.gguf", "--split", "eval", *options]) == 2
    assert says in said(capsys)


def test_a_file_that_can_be_asked_is_not_refused(tmp_path: Path) -> None:
    require_askable(write_chain_model(tmp_path / "good.gguf"), PROMPTS[0])


def test_what_llama_says_is_told_where_nobody_knows_why(tmp_path: Path) -> None:
    good = write_chain_model(tmp_path / "good.gguf")
    failed = refusal(good, "ggml_assert: something\nended by signal 6")
    assert failed.message == "llama.cpp can't run this model file."
    assert "ended by signal 6" in str(failed.remedy)


def test_too_little_memory_is_the_machines_failure(tmp_path: Path) -> None:
    failed = refusal(write_chain_model(tmp_path / "good.gguf"), f"llama_init: failed\n{NO_MEMORY}")
    assert isinstance(failed, EnvironmentFailure)
    assert "Close other programs" in str(failed.remedy)


def test_two_files_of_one_name_are_told_apart_by_their_folders(project: Path) -> None:
    write_chain_model(project / "good.gguf")
    for folder in ("a/v1", "b/v1"):
        (project / folder).mkdir(parents=True)
        write_chain_model(project / folder / "model.gguf")
    files = bench.model_files(["a/v1/model.gguf", "b/v1/model.gguf", "good.gguf"], project / "models")
    assert list(files) == ["a/v1/model.gguf", "b/v1/model.gguf", "good.gguf"]
    (project / "c.gguf").symlink_to("a/v1/model.gguf")
    assert list(bench.model_files(["c.gguf"], project / "models")) == ["c.gguf"]
    with pytest.raises(InvalidCall, match="named twice"):
        bench.model_files(["a/v1/model.gguf", "a/../a/v1/model.gguf"], project / "models")
