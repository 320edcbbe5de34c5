"""Training in two processes, which accelerate starts, against training in one."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall, Rejected
from loresmith.environment.accelerator import detect_accelerator
from loresmith.families.family import family_named
from loresmith.recipe.train import Train
from loresmith.train import launch, member
from loresmith.train.adapter import train_adapter
from loresmith.train.cluster import read_cluster
from loresmith.train.launch import launch_training
from loresmith.train.loop import Measurement
from loresmith.train.member import Request
from safetensors.torch import load_file

from tests.families.tiny import VOCABULARY, make_folder
from tests.unit.samples import made_samples

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TRAIN = Train(
    rank=4, learning_rate=1e-3, batch_size=3, epochs=3, eval_every=2, checkpoint_every=2, row_tokens=64,
    precision="fp32",
)  # fmt: skip
"""Ten samples in batches of three: the last batch of an epoch is one sample, so that one process has nothing to do."""
STEPS = 12


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base and a dataset."""
    root = tmp_path_factory.mktemp("made")
    make_folder("gemma3", root / "base")
    write_dataset(root / "dataset", 1.0)
    return root


def write_dataset(folder: Path, weight: float) -> None:
    folder.mkdir()
    for split, count, seed in (("train", 10, 0), ("eval", 3, 9)):
        samples = [
            s.model_copy(update={"weight": weight * s.weight}) for s in made_samples(count, VOCABULARY, seed)
        ]
        (folder / f"{split}.jsonl").write_text("".join(f"{s.model_dump_json()}\n" for s in samples))


def in_two(
    made: Path, folder: Path, on_step: Callable[[Measurement], None], **changes: Any
) -> dict[str, Any]:
    """Train in two processes on the CPU; `changes` are lines of the configuration, or fields of the request."""
    folder.mkdir(exist_ok=True)
    lines = {"distributed_type": "MULTI_CPU", "num_processes": 2, "main_process_port": 0}
    fields = {k: v for k, v in changes.items() if k in Request.model_fields}
    lines |= {k: v for k, v in changes.items() if k not in fields}
    file = folder / "accelerate.yaml"
    file.write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))

    def request(answers: Path) -> Request:
        told: dict[str, Any] = {
            "base": made / "base", "family": "gemma3", "dataset": made / "dataset", "train": TRAIN, "parent": None,
            "folder": folder, "answers": answers, "key": "same", "cpu": True,
            "processes": 2,
        }  # fmt: skip
        return Request(**told | fields)

    return launch_training(read_cluster(file), request, on_step, lambda _: None)


def test_what_a_process_says_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    steps: list[Measurement] = []
    notes: list[str] = []
    member._say("Memory is short: “so”.")
    member._tell(Measurement(1, 9, 1.0, None, 1e-3, 10, 5, 0.1, 0.7, 2**30))
    for line in capsys.readouterr().out.splitlines():
        launch._hear(line, steps.append, notes.append)
    assert notes == ["Memory is short: “so”."]
    assert [step.step for step in steps] == [1]


def members() -> list[psutil.Process]:
    """The training processes that run, the first one first."""
    found = [p for p in psutil.Process().children(recursive=True) if is_member(p)]
    return sorted(found, key=lambda p: p.environ()["RANK"])


def is_member(process: psutil.Process) -> bool:
    try:
        return "loresmith.train.member" in process.cmdline() and "RANK" in process.environ()
    except psutil.Error:
        return False


def assert_close(one: Path, other: Path) -> None:
    """Two adapters are the same, but for the order of sums."""
    expected, found = (load_file(folder / "adapter_model.safetensors") for folder in (one, other))
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def alone(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Measurement]]:
    """The adapter's folder and the steps of a run in this process."""
    folder, steps = tmp_path_factory.mktemp("alone"), list[Measurement]()
    accelerator = detect_accelerator(cpu=True)
    facts = train_adapter(
        made / "base",
        family_named("gemma3"),
        made / "dataset",
        TRAIN,
        None,
        accelerator,
        folder,
        steps.append,
    )
    assert facts["machine"]["processes"] == 1
    assert len(steps) == STEPS
    return folder, steps


def assert_same_steps(expected: list[Measurement], found: list[Measurement]) -> None:
    assert [m.step for m in found] == [m.step for m in expected]
    for one, other in zip(expected, found, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-5)
        assert other.gradient_norm == pytest.approx(one.gradient_norm, rel=1e-4)
        assert (other.eval_loss is None) == (one.eval_loss is None)
        assert one.eval_loss is None or other.eval_loss == pytest.approx(one.eval_loss, rel=1e-5)
        assert (other.tokens, other.supervised) == (one.tokens, one.supervised)


def test_two_processes_learn_what_one_does(
    made: Path, alone: tuple[Path, list[Measurement]], tmp_path: Path
) -> None:
    steps: list[Measurement] = []
    facts = in_two(made, tmp_path / "two", steps.append)
    assert_same_steps(alone[1], steps)
    assert_close(alone[0], tmp_path / "two")
    assert facts["machine"]["processes"] == 2
    assert facts["steps"] == STEPS
    logged = [json.loads(line) for line in (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()]
    assert [line["loss"] for line in logged] == [m.loss for m in steps]
    assert not list((tmp_path / "two").glob("checkpoint-*"))


@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_is_killed_ends_the_run_and_the_same_call_goes_on(
    victim: int, made: Path, alone: tuple[Path, list[Measurement]], tmp_path: Path
) -> None:
    def kill(measurement: Measurement) -> None:
        if measurement.step == 5:
            members()[victim].kill()

    with pytest.raises(EnvironmentFailure, match="ended by signal 9") as caught:
        in_two(made, tmp_path / "two", kill)
    assert "same command goes on" in caught.value.remedy
    assert list((tmp_path / "two").glob("checkpoint-*"))
    assert members() == []
    steps: list[Measurement] = []
    in_two(made, tmp_path / "two", steps.append)
    assert 4 < steps[0].step <= STEPS
    assert_same_steps([m for m in alone[1] if m.step >= steps[0].step], steps)
    assert_close(alone[0], tmp_path / "two")


def test_an_interrupt_leaves_no_process(made: Path, tmp_path: Path) -> None:
    def interrupt(_: Measurement) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_two(made, tmp_path / "two", interrupt)
    assert members() == []


def test_what_a_process_finds_is_said_as_in_one(made: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset", 1e300)
    with pytest.raises(Rejected, match="before anything was learned") as caught:
        in_two(made, tmp_path / "two", print, dataset=tmp_path / "dataset")
    assert "Fetch the base model" in caught.value.remedy


def test_processes_that_do_not_meet_write_nothing(made: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match="brought 2 of 3 processes together"):
        in_two(made, tmp_path / "two", print, processes=3)
    assert [path.name for path in (tmp_path / "two").iterdir()] == ["accelerate.yaml"]


def test_a_crash_is_named(made: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset", 1.0)
    (tmp_path / "dataset" / "eval.jsonl").write_text("{}\n")
    with pytest.raises(EnvironmentFailure, match=r"A training process broke off: ValidationError"):
        in_two(made, tmp_path / "two", print, dataset=tmp_path / "dataset")


def test_what_accelerate_refuses_is_said(made: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure, match=r"training: ValueError: Unknown mixed_precision mode: fp12"):
        in_two(made, tmp_path / "two", print, mixed_precision="fp12")


@pytest.mark.parametrize("same", [True, False])
def test_two_machines(same: bool, made: Path, alone: tuple[Path, list[Measurement]], tmp_path: Path) -> None:
    """Two launchers stand for two machines; only the first has what the run writes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        "num_machines": 2,
        "main_process_ip": "127.0.0.1",
        "main_process_port": port,
        "same_network": "true",
    }
    steps: list[Measurement] = []

    def machine(number: int) -> dict[str, Any]:
        key = "same" if same or number == 0 else "other"
        return in_two(made, tmp_path / str(number), steps.append, **shared, machine_rank=number, key=key)

    with ThreadPoolExecutor() as pool:
        first, second = pool.submit(machine, 0), pool.submit(machine, 1)
        if not same:
            with pytest.raises(InvalidCall, match="not those of the first machine"):
                second.result()
            with pytest.raises(EnvironmentFailure):
                first.result()
            return
        assert first.result()["machine"]["processes"] == 2
        assert second.result() == {}
    assert_same_steps(alone[1], steps)
    assert_close(alone[0], tmp_path / "0")
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["accelerate.yaml"]
