"""Checkpoints: adapter, optimizer and progress in one safetensors file; nothing is pickled."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from loresmith.store.files import write_atomically

KEPT = 2


@dataclass
class Progress:
    """How far a run is: steps done, the eval losses so far, and what early stopping needs."""

    step: int = 0
    best_eval: float | None = None
    best_step: int = 0
    evals_without_gain: int = 0
    first_loss: float | None = None
    stopped_early: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)


def save_checkpoint(
    folder: Path,
    parameters: dict[str, torch.nn.Parameter],
    best: dict[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    progress: Progress,
) -> None:
    """Write checkpoint `progress.step` whole, then drop all but the newest two."""
    tensors = {f"adapter/{name}": p.detach().cpu().contiguous() for name, p in parameters.items()}
    tensors |= {f"best/{name}": tensor.contiguous() for name, tensor in best.items()}
    for name, parameter in parameters.items():
        for kind, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer/{kind}/{name}"] = torch.as_tensor(value).detach().cpu().contiguous()
    metadata = {"progress": json.dumps(asdict(progress))}
    write_atomically(folder / f"checkpoint-{progress.step:08d}.safetensors", save(tensors, metadata))
    for stale in _checkpoints(folder)[:-KEPT]:
        stale.unlink()


def newest_checkpoint(folder: Path) -> bytes | None:
    """The content of the newest checkpoint, or None when there is none."""
    found = _checkpoints(folder)
    return found[-1].read_bytes() if found else None


def restore(
    content: bytes, parameters: dict[str, torch.nn.Parameter], optimizer: torch.optim.Optimizer
) -> tuple[Progress, dict[str, torch.Tensor]]:
    """Put a checkpoint into the parameters and the optimizer; gives the progress and the best adapter so far."""
    progress, tensors = Progress(**json.loads(_metadata(content)["progress"])), load(content)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[f"adapter/{name}"])
            kinds = {key.split("/")[1] for key in tensors if key.startswith("optimizer/")}
            optimizer.state[parameter] = {
                kind: _on_device(kind, tensors[f"optimizer/{kind}/{name}"], parameter) for kind in kinds
            }
    best = {key.removeprefix("best/"): t for key, t in tensors.items() if key.startswith("best/")}
    return progress, best


def _metadata(content: bytes) -> dict[str, str]:
    """A safetensors file begins with the length of its JSON header, in eight bytes."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])["__metadata__"]


def _on_device(kind: str, tensor: torch.Tensor, parameter: torch.nn.Parameter) -> torch.Tensor:
    """AdamW keeps its step counter on the CPU, its moments beside the parameter."""
    return tensor if kind == "step" else tensor.to(parameter.device)


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*.safetensors"))
