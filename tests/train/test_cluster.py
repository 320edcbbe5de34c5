"""Which configurations of accelerate are taken, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from loresmith.commands.entry import exit_code_of
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.recipe.train import Train
from loresmith.train.cluster import Cluster, read_cluster, require_devices

TWO = "distributed_type: MULTI_CPU\nuse_cpu: true\nnum_processes: 2\n"


def cluster_of(text: str, folder: Path) -> Cluster:
    file = folder / "accelerate.yaml"
    file.write_text(text)
    return read_cluster(file)


def test_two_processors(tmp_path: Path) -> None:
    cluster = cluster_of(TWO, tmp_path)
    assert (cluster.processes, cluster.machines, cluster.machine, cluster.cpu) == (2, 1, 0, True)
    assert cluster.launch_arguments() == ["--config_file", str(cluster.file), "--multi_gpu"]


def test_two_gpus(tmp_path: Path) -> None:
    assert not cluster_of("distributed_type: MULTI_GPU\nnum_processes: 2\n", tmp_path).cpu


def test_more_processes_than_gpus_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(EnvironmentFailure, match="wants 2 GPUs on this machine, and torch sees 1"):
        require_devices(cluster_of("distributed_type: MULTI_GPU\nnum_processes: 2\n", tmp_path))
    shared = "num_machines: 2\nmachine_rank: 0\nmain_process_ip: 10.0.0.1\n"
    require_devices(cluster_of(f"distributed_type: MULTI_GPU\nnum_processes: 2\n{shared}", tmp_path))
    require_devices(cluster_of(TWO, tmp_path))


def test_mpirun_starts_the_processes_where_it_is_asked_to(tmp_path: Path) -> None:
    cluster = cluster_of(TWO + "mpirun_config: {mpirun_hostfile: hosts}\n", tmp_path)
    assert "--multi_gpu" not in cluster.launch_arguments()


REFUSED = {
    "distributed_type: DEEPSPEED\nnum_processes: 2\n": "DeepSpeed spreads one model",
    "distributed_type: FSDP\nnum_processes: 2\n": "FSDP spreads one model",
    "distributed_type: MEGATRON_LM\nnum_processes: 2\n": "Megatron-LM spreads one model",
    "distributed_type: XLA\nnum_processes: 2\n": "distributed_type XLA isn't supported",
    TWO + "parallelism_config: {parallelism_config_tp_size: 2}\n": "parallelism_config spreads one model",
    "distributed_type: 'NO'\nnum_processes: 2\n": "NO starts one process, num_processes says 2",
    "distributed_type: MULTI_GPU\n": "num_processes must be a number from 1",
    "distributed_type: MULTI_GPU\nnum_processes: two\n": "num_processes must be a number from 1",
    TWO + "num_machines: 2\nmachine_rank: 2\n": "machine_rank 2 isn't one of num_machines 2",
    "compute_environment: AMAZON_SAGEMAKER\n": "This isn't a configuration of accelerate",
    "name: gemma3\ntrain: {rank: 8}\n": "A `distributed_type` must be specified",
    TWO + "speed: high\n": "unknown keys",
    "distributed_type: [\n": "This isn't a configuration of accelerate",
    "distributed_type: MANY\n": "'MANY' is not a valid DistributedType",
    "- 1\n": "This isn't a configuration of accelerate",
    "": "This isn't a configuration of accelerate",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items())
def test_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidCall) as caught:
        cluster_of(text, tmp_path)
    assert said in caught.value.message
    assert caught.value.where == str(tmp_path / "accelerate.yaml")
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_no_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidCall, match="There is no such file"):
        read_cluster(tmp_path / name)


def test_the_command_ends_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["train", "gemma3-270m", "--accelerate", "missing.yaml"]) == 2
    assert "missing.yaml" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "precision", "said"),
    [("bf16", "auto", True), ("fp8", "bf16", True), ("bf16", "bf16", False), ("no", "bf16", False)],
)
def test_the_recipe_decides_the_precision_and_says_so(
    asked: str, precision: str, said: bool, tmp_path: Path
) -> None:
    cluster = cluster_of(f"{TWO}mixed_precision: '{asked}'\n", tmp_path)
    note = cluster.precision_note(Train.model_validate({"precision": precision}))
    assert bool(note) == said
    assert not said or f"mixed_precision {asked}" in note
    assert not said or f"train.precision ({precision}) decides" in note
