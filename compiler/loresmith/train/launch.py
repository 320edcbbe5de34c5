"""Training in several processes, which `accelerate launch` starts and this process watches."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loresmith.diagnostics.failure import EnvironmentFailure, Failure
from loresmith.process.answers import left_crash, left_facts, left_failure
from loresmith.process.child import ChildFailed, follow_child, last_words
from loresmith.train.cluster import Cluster
from loresmith.train.member import Request

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

_EXIT_CODE = re.compile(r"exitcode\s*:\s*-(\d+)")


def launch_training(
    cluster: Cluster,
    request: Callable[[Path], Request],
    on_step: Callable[[Measurement], None],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train in the cluster's processes; gives the run's facts, or nothing on a machine other than the first.

    `request` is given the folder for the answers; `on_step` and `say` hear what they do in one process. Raises the
    Failure that a process ended with, or EnvironmentFailure when one was killed or accelerate couldn't start them. No
    process outlives the call.
    """
    with tempfile.TemporaryDirectory() as scratch:
        answers = Path(scratch)
        asked = answers / "request.json"
        asked.write_text(request(answers).model_dump_json(), encoding="utf-8")
        arguments = [*cluster.launch_arguments(), "-m", "loresmith.train.member", str(asked)]
        try:
            follow_child("accelerate.commands.launch", arguments, lambda line: _hear(line, on_step, say))
        except ChildFailed as error:
            raise _failure(answers, error, cluster) from error
        if cluster.machine:
            return {}
        return left_facts(answers)


def _hear(line: str, on_step: Callable[[Measurement], None], say: Callable[[str], None]) -> None:
    from loresmith.train.loop import Measurement

    if line.startswith('{"measurement"'):
        on_step(Measurement(**json.loads(line)["measurement"]))
    elif line.startswith('{"note"'):
        say(json.loads(line)["note"])


def _failure(answers: Path, error: ChildFailed, cluster: Cluster) -> Failure:
    """What a process said it ended with, or what the launcher said."""
    if failure := left_failure(answers):
        return failure
    goes_on = "The checkpoints are kept: the same command goes on."
    if killed := _EXIT_CODE.search(error.whole.partition("Root Cause")[2]):
        return EnvironmentFailure(
            f"One of the {cluster.processes} training processes was ended by signal {killed[1]}.",
            remedy=f"Signal 9 without your doing means that memory ran out: lower num_processes. {goes_on}",
        )
    if said := left_crash(answers):
        return EnvironmentFailure(f"A training process broke off: {said}", remedy=goes_on)
    return EnvironmentFailure(
        f"accelerate couldn't run the training: {_last_error(error)}", where=str(cluster.file), remedy=goes_on
    )


def _last_error(error: ChildFailed) -> str:
    """What the launcher said last; of errors that led to one another, the last one alone."""
    _, mark, last = error.whole.rpartition("Traceback (most recent call last):")
    return last_words(mark + last, error.code)
