"""Training with unsloth, in a process of its environment that this process watches."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loresmith.diagnostics.failure import EnvironmentFailure, Failure
from loresmith.process.answers import left_crash, left_facts, left_failure
from loresmith.process.child import ChildFailed, follow_child
from loresmith.resources import PACKAGE
from loresmith.train.metrics import CURVE, HISTORY
from loresmith.unsloth.request import Request

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement

_VARIABLES = {
    "HF_HUB_OFFLINE": "1",
    "UNSLOTH_DISABLE_STATISTICS": "1",
    "UNSLOTH_DISABLE_CPU_FALLBACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Everything is on this machine: nothing is asked of the hub or reported, and a CUDA device that fails is said."""
_GOES_ON = "The checkpoints are kept: the same command goes on."


def launch_unsloth(
    python: Path, request: Callable[[Path], Request], on_step: Callable[[Measurement], None]
) -> dict[str, Any]:
    """Train with the unsloth of the environment whose Python is given; gives the run's facts.

    `request` is given the folder for the answers. Raises the Failure that the process ended with, or EnvironmentFailure
    when it was killed or broke off. It doesn't outlive the call.
    """
    from loresmith.train.curve import draw_loss_curve

    with tempfile.TemporaryDirectory() as scratch:
        # Of all that is installed here the other environment sees loresmith alone. unsloth writes its compiled code
        # where it is started.
        here = Path(scratch)
        (here / "loresmith").symlink_to(PACKAGE)
        asked, answers = here / "request.json", here / "answers"
        answers.mkdir()
        told = request(answers)
        asked.write_text(told.model_dump_json(), encoding="utf-8")
        try:
            follow_child(
                "loresmith.unsloth.worker",
                [str(asked)],
                lambda line: _hear(line, on_step),
                _VARIABLES,
                python=python,
                folder=here,
            )
        except ChildFailed as error:
            raise _failure(answers, error) from error
        facts = left_facts(answers)
    # The other environment has nothing to draw with.
    history = json.loads((told.folder / HISTORY).read_text(encoding="utf-8"))
    draw_loss_curve(history, facts["best_step"], told.folder / CURVE)
    return facts


def _hear(line: str, on_step: Callable[[Measurement], None]) -> None:
    from loresmith.train.loop import Measurement

    if line.startswith('{"measurement"'):
        on_step(Measurement(**json.loads(line)["measurement"]))


def _failure(answers: Path, error: ChildFailed) -> Failure:
    if failure := left_failure(answers):
        return failure
    if error.code < 0:
        return EnvironmentFailure(
            f"The unsloth process was ended by signal {-error.code}.",
            remedy=f"Signal 9 without your doing means that memory ran out: lower train.row_tokens. {_GOES_ON}",
        )
    said = left_crash(answers) or error.said
    return EnvironmentFailure(f"The unsloth process broke off: {said}", remedy=_GOES_ON)
