"""One process of a training in several: `accelerate launch … -m loresmith.train.member REQUEST`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall
from loresmith.process.answers import leave_facts, leaving_failures
from loresmith.recipe.train import Train
from loresmith.store.files import disk_failures

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement
    from loresmith.train.world import World


class Request(BaseModel):
    """What every process is told. `answers` is where the first process writes the run's facts, and any of them its
    failure or crash; `key` stands for base, dataset and settings, which must be the same on every machine; `cpu`: use
    no GPU; `processes`: how many there must be."""

    model_config = ConfigDict(frozen=True)

    base: Path
    family: str
    dataset: Path
    train: Train
    parent: Path | None
    folder: Path
    answers: Path
    key: str
    cpu: bool
    processes: int


def main() -> None:
    """Train as one of several; a Failure is left in `answers`, and its exit code is the process's."""
    from loresmith.train.world import join_world, leave_world

    request = Request.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    world = join_world(cpu=request.cpu)
    with leaving_failures(request.answers, world.index), disk_failures(request.folder):
        facts = _train(request, world)
        if world.is_main:
            leave_facts(request.answers, facts)
    leave_world()


def _train(request: Request, world: World) -> dict[str, Any]:
    from loresmith.environment.accelerator import detect_accelerator
    from loresmith.families.family import family_named
    from loresmith.train.adapter import train_adapter

    if world.size != request.processes:
        raise EnvironmentFailure(
            f"accelerate brought {world.size} of {request.processes} processes together.",
            remedy="Check num_processes and distributed_type; `accelerate test --config_file FILE` tries them.",
        )
    if world.said_by_main(request.key) != request.key:
        raise InvalidCall(
            "This machine's scenarios, base model or recipe are not those of the first machine.",
            remedy="Give every machine the same project and the same loresmith, then start them again.",
        )
    return train_adapter(
        request.base,
        family_named(request.family),
        request.dataset,
        request.train,
        request.parent,
        detect_accelerator(cpu=request.cpu),
        request.folder,
        _tell,
        world,
        _say,
    )


def _tell(measurement: Measurement) -> None:
    print(json.dumps({"measurement": asdict(measurement)}), flush=True)


def _say(line: str) -> None:
    print(json.dumps({"note": line}), flush=True)


if __name__ == "__main__":
    main()
