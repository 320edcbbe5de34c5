"""The configuration of accelerate: which ones a training can take, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.recipe.train import Train

REMEDY = "Write one with `accelerate config --config_file FILE`; docs/training.md shows two."
_KINDS = ("NO", "MULTI_CPU", "MULTI_GPU")
_SHARDED = {
    "DEEPSPEED": "DeepSpeed",
    "FSDP": "FSDP",
    "MEGATRON_LM": "Megatron-LM",
}


@dataclass(frozen=True)
class Cluster:
    """A configuration that can be launched. `machine` is this machine's number, 0 for the one that builds the model;
    `cpu`: no GPU is used; `spawned`: accelerate must be told to start the processes on this machine itself."""

    file: Path
    processes: int
    machines: int
    machine: int
    cpu: bool
    spawned: bool
    mixed_precision: str

    def launch_arguments(self) -> list[str]:
        """What `accelerate launch` gets before the module's name."""
        # Left alone accelerate starts a single process for MULTI_CPU, unless mpirun does it.
        spawn = ["--multi_gpu"] if self.spawned else []
        return ["--config_file", str(self.file), *spawn]

    def precision_note(self, train: Train) -> str:
        """Where the file asks for another precision than the recipe: that the recipe decides; else empty."""
        if self.mixed_precision in ("no", train.precision):
            return ""
        return (
            f"{self.file.name} asks for mixed_precision {self.mixed_precision}; "
            f"the recipe's train.precision ({train.precision}) decides."
        )


def read_cluster(file: Path) -> Cluster:
    """Read an accelerate configuration; raises InvalidCall, with the cause, for one that can't train an adapter."""
    config = _loaded(file)
    kind = str(getattr(config.distributed_type, "value", config.distributed_type))
    if kind in _SHARDED:
        raise InvalidCall(
            f"{_SHARDED[kind]} spreads one model over several devices; adapter training keeps a whole one on each.",
            where=str(file),
            remedy="Set distributed_type to MULTI_GPU or MULTI_CPU.",
        )
    if kind not in _KINDS:
        raise InvalidCall(
            f"distributed_type {kind} isn't supported.",
            where=str(file),
            remedy="Set distributed_type to MULTI_GPU, MULTI_CPU or NO.",
        )
    _require_plain(config, kind, file)
    cpu = bool(config.use_cpu) or kind == "MULTI_CPU"
    return Cluster(
        file=file.resolve(),
        processes=config.num_processes,
        machines=config.num_machines,
        machine=int(config.machine_rank),
        cpu=cpu,
        spawned=kind != "NO" and config.num_processes > 1 and not config.mpirun_config,
        mixed_precision=str(config.mixed_precision or "no"),
    )


def require_devices(cluster: Cluster) -> None:
    """Raise EnvironmentFailure when this machine has fewer GPUs than the processes that it is to run."""
    import torch

    wanted, found = -(-cluster.processes // cluster.machines), torch.cuda.device_count()
    if not cluster.cpu and cluster.processes > 1 and found < wanted:
        raise EnvironmentFailure(
            f"The configuration wants {wanted} GPUs on this machine, and torch sees {found}.",
            where=str(cluster.file),
            remedy="Lower num_processes, or set distributed_type to MULTI_CPU.",
        )


def _loaded(file: Path) -> Any:
    import yaml
    from accelerate.commands.config.config_args import ClusterConfig, load_config_from_file

    try:
        config = load_config_from_file(str(file))
    except FileNotFoundError as error:
        raise InvalidCall("There is no such file.", where=str(file), remedy=REMEDY) from error
    except (OSError, ValueError, TypeError, AttributeError, KeyError, yaml.YAMLError) as error:
        said = str(error).strip().splitlines()
        raise InvalidCall(
            f"This isn't a configuration of accelerate: {said[0] if said else type(error).__name__}",
            where=str(file),
            remedy=REMEDY,
        ) from error
    if not isinstance(config, ClusterConfig):
        raise InvalidCall(
            "A configuration for SageMaker can't be launched from here.", where=str(file), remedy=REMEDY
        )
    return config


def _require_plain(config: Any, kind: str, file: Path) -> None:
    """Refuse what accelerate would take in its own way or not at all."""
    numbers = (config.num_processes, config.num_machines, config.machine_rank)
    if not all(isinstance(number, int) for number in numbers) or config.num_processes < 1:
        raise InvalidCall("num_processes must be a number from 1.", where=str(file), remedy=REMEDY)
    if kind == "NO" and config.num_processes > 1:
        raise InvalidCall(
            f"distributed_type NO starts one process, num_processes says {config.num_processes}.",
            where=str(file),
            remedy="Set distributed_type to MULTI_GPU or MULTI_CPU.",
        )
    if config.parallelism_config:
        raise InvalidCall(
            "parallelism_config spreads one model over several devices; adapter training keeps a whole one on each.",
            where=str(file),
            remedy="Remove parallelism_config.",
        )
    if not 0 <= config.machine_rank < config.num_machines:
        raise InvalidCall(
            f"machine_rank {config.machine_rank} isn't one of num_machines {config.num_machines}.",
            where=str(file),
            remedy="Machines are counted from 0.",
        )
