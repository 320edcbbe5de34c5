"""A LoRA adapter folded into the base's weights, shard by shard and tensor by tensor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from loresmith.diagnostics.failure import Rejected
from loresmith.families.tensor_names import adapted_module, base_tensor
from loresmith.merge.shards import Shard, read_shard, write_changed
from loresmith.store.artefacts import MANIFEST
from loresmith.store.files import disk_failures, write_atomically

_INDEX = "model.safetensors.index.json"
_UNSUPPORTED = (
    "use_rslora",
    "use_dora",
    "alpha_pattern",
    "rank_pattern",
    "modules_to_save",
    "fan_in_fan_out",
)


@dataclass(frozen=True)
class Factors:
    """LoRA's two matrices: A is (rank, in), B is (out, rank)."""

    a: torch.Tensor
    b: torch.Tensor


def merge_adapter(base: Path, adapter: Path, destination: Path, report: Callable[[float], None]) -> None:
    """Write the base folder to `destination` with W + alpha/r * B @ A in place of every adapted weight W.

    Computed and stored in fp32: bf16's 8 significant bits would round most of a small difference away, while
    f16, which the model file holds, keeps 11. All other tensors and files travel byte by byte. Source of
    the formula: Hu et al. 2021, "LoRA", section 4.1.
    Raises Rejected when a tensor of the adapter has no place in the base, when shapes differ, when a shard
    is damaged, or when the adapter is of a kind that isn't plain LoRA.
    """
    scale = _scale(adapter)
    shards = [read_shard(path) for path in sorted(base.glob("*.safetensors"))]
    placed = _placed(_factors(adapter), {name for shard in shards for name in shard.entries}, adapter)
    _require_shapes(placed, shards)
    with disk_failures(destination):
        destination.mkdir(parents=True, exist_ok=True)
        _copy_others(base, destination)
        size = _write_shards(shards, destination, placed, scale, report)
        _update_index(base, destination, size)


def _scale(adapter: Path) -> float:
    try:
        config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
        scale = float(config["lora_alpha"]) / int(config["r"])
    except (OSError, ValueError, KeyError, ZeroDivisionError) as error:
        raise Rejected("The adapter has no readable adapter_config.json.", where=str(adapter)) from error
    odd = [key for key in _UNSUPPORTED if config.get(key)]
    if config.get("bias", "none") != "none":
        odd.append("bias")
    if odd:
        raise Rejected(
            f"The adapter uses {', '.join(odd)}, which a model file can't hold.",
            where=str(adapter),
            remedy="Train a plain LoRA adapter: one rank, one alpha.",
        )
    return scale


def _factors(adapter: Path) -> dict[str, Factors]:
    """The adapter's pairs by module. An adapter is small: it is read whole."""
    halves: dict[str, dict[str, torch.Tensor]] = {}
    path = adapter / "adapter_model.safetensors"
    try:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                module, factor = adapted_module(name)
                halves.setdefault(module, {})[factor] = file.get_tensor(name).float()
    except (OSError, SafetensorError) as error:
        raise Rejected("The adapter's weights can't be read.", where=str(path)) from error
    single = [module for module, pair in halves.items() if len(pair) != 2]
    if single or not halves:
        raise Rejected(f"The adapter lacks a factor: {', '.join(single) or 'all of them'}.", where=str(path))
    return {module: Factors(pair["A"], pair["B"]) for module, pair in halves.items()}


def _placed(factors: Mapping[str, Factors], known: set[str], adapter: Path) -> dict[str, Factors]:
    """The factors by the base's tensor names; a factor without a place is an error, never dropped."""
    places = {module: base_tensor(module, known) for module in factors}
    lost = [module for module, place in places.items() if place is None]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise Rejected(
            f"The adapter changes {lost[0]}{more}, which the base model doesn't have.",
            where=str(adapter),
            remedy="Merge the adapter with the base it was trained on.",
        )
    return {place: factors[module] for module, place in places.items() if place}


def _require_shapes(placed: Mapping[str, Factors], shards: list[Shard]) -> None:
    for shard in shards:
        for name in placed.keys() & shard.entries.keys():
            wanted, pair = shard.entries[name].shape, placed[name]
            if (pair.b.shape[0], pair.a.shape[1]) != wanted or pair.b.shape[1] != pair.a.shape[0]:
                raise Rejected(
                    f"The adapter's factors for {name} don't have its shape {wanted}.",
                    where=str(shard.path),
                    remedy="Merge the adapter with the base it was trained on.",
                )


def _write_shards(
    shards: list[Shard],
    destination: Path,
    placed: Mapping[str, Factors],
    scale: float,
    report: Callable[[float], None],
) -> int:
    """Write all shards; gives their data bytes."""
    total = sum(entry.size for shard in shards for entry in shard.entries.values())
    done = written = 0

    def advance(size: int) -> None:
        nonlocal done
        done += size
        report(done / total)

    for shard in shards:
        own = placed.keys() & shard.entries.keys()
        changed = {name: partial(_merged, shard.path, name, placed[name], scale) for name in own}
        written += write_changed(shard, destination / shard.path.name, changed, advance)
    return written


def _merged(shard: Path, name: str, factors: Factors, scale: float) -> bytes:
    with safe_open(shard, framework="pt") as file:
        weight = file.get_tensor(name).float()
    merged = torch.addmm(weight, factors.b, factors.a, alpha=scale)
    return merged.contiguous().numpy().tobytes()


def _copy_others(base: Path, destination: Path) -> None:
    """Everything but the weights. The base artefact's own manifest stays behind."""
    for path in sorted(base.iterdir()):
        if path.is_file() and path.suffix != ".safetensors" and path.name not in (_INDEX, MANIFEST):
            shutil.copyfile(path, destination / path.name)


def _update_index(base: Path, destination: Path, size: int) -> None:
    """The index names the same shards; only the total has grown."""
    if (base / _INDEX).exists():
        index: dict[str, Any] = json.loads((base / _INDEX).read_text(encoding="utf-8"))
        index["metadata"] = index.get("metadata", {}) | {"total_size": size}
        write_atomically(destination / _INDEX, json.dumps(index, indent=2) + "\n")
