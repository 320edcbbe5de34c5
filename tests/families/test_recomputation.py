"""Activations made again for the gradient: the same bits, less memory, and only where memory is short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from loresmith.families.family import family_named
from loresmith.recipe.train import Train
from loresmith.train import recomputation
from loresmith.train.activations import measure_activations, pairs_of
from loresmith.train.loss import supervised_loss
from loresmith.train.model import adapter_parameters, prepare_rows
from loresmith.train.recomputation import choose_recomputation, recompute_layers
from loresmith.train.rows import Row, row_of
from runs import example_ids
from test_rows import adapted, samples
from tiny import make_folder

FAMILIES = ("gemma3", "gemma3n", "qwen3")
SHARED = {"num_hidden_layers": 25, "num_kv_shared_layers": 5}


def made(name: str, folder: Path, device: str = "cpu", **changes: Any) -> tuple[Any, list[int]]:
    """A model made ready, and some ids of its tokenizer."""
    base = make_folder(name, folder / "base", **changes)
    model = adapted(name, base)
    prepare_rows(model, family_named(name), device)
    return model, example_ids(base)


def kept_bytes(model: Any, row: Row) -> int:
    """What the gradient of a row keeps besides the model's weights, each storage counted once."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage
        return tensor

    model.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        supervised_loss(model, row)
    return sum(storage.nbytes() for place, storage in kept.items() if place not in own)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize(("name", "changes"), [*((name, {}) for name in FAMILIES), ("gemma3n", SHARED)])
def test_loss_and_gradients_are_the_same_bits(
    name: str, changes: dict[str, Any], device: str, tmp_path: Path
) -> None:
    """With our operations as on a CPU, and with transformers' own as on a GPU."""
    found: list[tuple[float, dict[str, torch.Tensor]]] = []
    for number, recomputes in enumerate((False, True)):
        model, ids = made(name, tmp_path / str(number), device, **changes)
        if recomputes:
            recompute_layers(model)
        model.train()
        loss = supervised_loss(model, row_of(samples(ids), "cpu"))
        loss.backward()
        gradients = {n: p.grad for n, p in adapter_parameters(model).items() if p.grad is not None}
        found.append((float(loss.detach()), gradients))
    (loss, gradients), (again, others) = found
    assert again == loss
    assert gradients.keys() == others.keys()
    assert all(torch.equal(gradients[n], others[n]) for n in gradients)


@pytest.mark.parametrize(
    ("asked", "free", "expected"),
    [("auto", 10**12, False), ("auto", 10**6, True), ("always", 10**12, True), ("never", 10**6, False)],
)
def test_memory_decides_where_the_recipe_leaves_it_open(
    asked: Any, free: int, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(_device: str) -> int:
        return free

    monkeypatch.setattr(recomputation, "free_memory_bytes", told)
    model, _ = made("qwen3", tmp_path)
    recomputes, reason = choose_recomputation(model, Train(activation_checkpointing=asked), [40, 9], "cpu")
    assert recomputes is expected
    assert ("are free" in reason) is (asked == "auto" and expected)


def test_processes_of_one_machine_share_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = made("qwen3", tmp_path)
    train = Train(batch_size=1)
    needed = sum(p.nbytes for p in model.parameters())
    needed += measure_activations(model, "cpu").bytes_of(40, pairs_of(model, [(0, 40)], "cpu"))

    def told(_device: str) -> int:
        return needed * 2

    monkeypatch.setattr(recomputation, "free_memory_bytes", told)
    assert not choose_recomputation(model, train, [40, 9], "cpu", processes=1)[0]
    assert choose_recomputation(model, train, [40, 9], "cpu", processes=2)[0]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_gradient_keeps_far_less(name: str, tmp_path: Path) -> None:
    model, ids = made(name, tmp_path)
    row = row_of(samples(ids), "cpu")
    kept = kept_bytes(model, row)
    recompute_layers(model)
    assert kept_bytes(model, row) < kept / 5


@pytest.mark.parametrize("name", FAMILIES)
def test_the_memory_of_a_row_is_told_beforehand(name: str, tmp_path: Path) -> None:
    """A row of several samples, some longer than the window, some shorter."""
    changes: dict[str, Any] = {} if name == "qwen3" else {"sliding_window": 100}
    model, ids = made(name, tmp_path, **changes)
    row = row_of(samples(ids * 6), "cpu")
    told = measure_activations(model, "cpu")
    expected = told.fixed + told.token * row.ids.shape[1] + told.pair * pairs_of(model, row.segments, "cpu")
    assert kept_bytes(model, row) == pytest.approx(expected, rel=0.05)
