"""Training with unsloth, in its environment: `python -m loresmith.unsloth.worker REQUEST`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loresmith.process.answers import leave_facts, leaving_failures
from loresmith.store.files import disk_failures
from loresmith.unsloth.request import Request

if TYPE_CHECKING:
    from loresmith.train.loop import Measurement


def main() -> None:
    """Train as the request says; a Failure is left in `answers`, and its exit code is the process's."""
    request = Request.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with leaving_failures(request.answers), disk_failures(request.folder):
        leave_facts(request.answers, _train(request))


def _train(request: Request) -> dict[str, Any]:
    # It changes transformers and peft as they are loaded, so it comes before what imports them.
    unsloth = import_module("unsloth")
    from loresmith.unsloth.training import train_with_unsloth

    facts = train_with_unsloth(request, _tell)
    facts["versions"]["unsloth"] = unsloth.__version__
    return facts


def _tell(measurement: Measurement) -> None:
    print(json.dumps({"measurement": asdict(measurement)}), flush=True)


if __name__ == "__main__":
    main()
