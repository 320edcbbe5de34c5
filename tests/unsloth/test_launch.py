"""Unsloth's process, with a stand-in for unsloth: what it tells, how it ends, and how a run goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import psutil
import pytest
from loresmith.diagnostics.failure import EnvironmentFailure, Rejected
from loresmith.train.loop import Measurement

from tests.unsloth.runs import STEPS, make, ours, unsloths, write_dataset

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the unsloth engine runs on Linux"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base and a dataset."""
    return make(tmp_path_factory.mktemp("made"), "gemma3")


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process finds the stand-in under unsloth's name."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).with_name("fake")))


@pytest.fixture(scope="module")
def whole(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).with_name("fake")))
        folder = tmp_path_factory.mktemp("whole")
        facts = unsloths(made, "gemma3", folder, lambda _: None)
    (folder / "facts.json").write_text(json.dumps(facts))
    return folder


def workers() -> list[psutil.Process]:
    """The processes that run."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "loresmith.unsloth.worker" in child.cmdline()
    ]


def test_it_gives_what_our_engine_gives(made: Path, whole: Path, tmp_path: Path) -> None:
    steps = ours(made, "gemma3", tmp_path / "ours")
    lines = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    expected = [json.loads(line) for line in (tmp_path / "ours" / "metrics.jsonl").read_text().splitlines()]
    assert [line.keys() for line in lines] == [line.keys() for line in expected]
    assert [line["step"] for line in lines] == list(range(1, STEPS + 1)) == [m.step for m in steps]
    for line, own in zip(lines, expected, strict=True):
        assert line["loss"] == pytest.approx(own["loss"], rel=1e-4)
        assert line["gradient_norm"] == pytest.approx(own["gradient_norm"], rel=1e-3)
        for same in ("learning_rate", "tokens", "supervised", "steps"):
            assert line[same] == own[same]
        assert (line["eval_loss"] is None) == (own["eval_loss"] is None)
    files = {path.name for path in whole.iterdir()} - {"facts.json"}
    assert files == {path.name for path in (tmp_path / "ours").iterdir()}
    facts = json.loads((whole / "facts.json").read_text())
    assert facts["steps"] == STEPS
    assert facts["versions"]["unsloth"] == "stand-in"


def test_killed_it_goes_on_to_the_same_adapter(made: Path, whole: Path, tmp_path: Path) -> None:
    def kill(measurement: Measurement) -> None:
        if measurement.step == 5:
            workers()[0].kill()

    with pytest.raises(EnvironmentFailure, match="ended by signal 9") as caught:
        unsloths(made, "gemma3", tmp_path / "run", kill)
    assert "same command goes on" in caught.value.remedy
    steps: list[Measurement] = []
    unsloths(made, "gemma3", tmp_path / "run", steps.append)
    assert 4 < steps[0].step <= STEPS
    for name in ("adapter_model.safetensors", "adapter_config.json", "history.json"):
        assert (tmp_path / "run" / name).read_bytes() == (whole / name).read_bytes()


def test_it_starts_from_the_last_adapter(made: Path, whole: Path, tmp_path: Path) -> None:
    steps: list[Measurement] = []
    unsloths(made, "gemma3", tmp_path / "run", steps.append, parent=whole)
    facts = json.loads((whole / "facts.json").read_text())
    assert steps[0].loss < facts["first_loss"]


def test_an_interrupt_leaves_no_process(made: Path, tmp_path: Path) -> None:
    def interrupt(_: Measurement) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unsloths(made, "gemma3", tmp_path / "run", interrupt)
    assert workers() == []


def test_what_ends_a_run_is_said_as_by_our_engine(made: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset", 1e300)
    with pytest.raises(Rejected, match="before anything was learned") as caught:
        unsloths(made, "gemma3", tmp_path / "run", print, dataset=tmp_path / "dataset")
    assert "Fetch the base model" in caught.value.remedy


def test_an_adapter_that_could_not_be_merged_is_refused(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_UNSLOTH_ADAPTS_THE_HEAD", "1")
    with pytest.raises(Rejected, match="isn't one of the language model's projections"):
        unsloths(made, "gemma3", tmp_path / "run", print)
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("no kernel image is available", "broke off: ValueError: no kernel image is available"),
        ("", "broke off: ModuleNotFoundError: No module named 'unsloth'"),
    ],
)
def test_a_crash_is_named(
    fails: str, said: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_UNSLOTH_FAILS", fails)
    if not fails:
        monkeypatch.delenv("PYTHONPATH")
    with pytest.raises(EnvironmentFailure, match=said) as caught:
        unsloths(made, "gemma3", tmp_path / "run", print)
    assert "same command goes on" in caught.value.remedy
