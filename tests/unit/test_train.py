"""The training loop: exact losses, exact gradients, exact resumption."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch
from loresmith.dataset.build import few_samples, file_of, read_samples, samples_of
from loresmith.dataset.sample_file import lengths_of
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall, Rejected
from loresmith.environment.accelerator import Accelerator
from loresmith.families.family import PROJECTIONS, family_named
from loresmith.recipe.train import Train
from loresmith.render.tokens import Sample
from loresmith.train import loop
from loresmith.train import loss as loss_module
from loresmith.train.batches import batch_of
from loresmith.train.checkpoint import Progress
from loresmith.train.loop import (
    Measurement,
    accumulate_gradients,
    learning_rate_at,
    mean_loss,
    run_training,
    total_steps,
)
from loresmith.train.loss import SupervisedCrossEntropy, supervised_loss
from loresmith.train.model import adapter_parameters, add_adapter, prepare_rows, resolve_precision
from loresmith.train.rows import packed, row_of, weight_of
from loresmith.train.sanity import require_sane_step
from safetensors import safe_open

from tests.unit.samples import made_samples

VOCABULARY = 97
TRAIN = Train(rank=4, learning_rate=1e-2, batch_size=4, epochs=3, eval_every=2, checkpoint_every=2)


def tiny_model(train: Train = TRAIN, *, ready: bool = True) -> Any:
    """A random Gemma 3 of two layers, one of them with a sliding window, with an adapter that isn't zero."""
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, sliding_window=8, initializer_range=0.5,
        layer_types=["sliding_attention", "full_attention"],
    )  # fmt: skip
    model = add_adapter(Gemma3ForCausalLM(config).requires_grad_(False), family_named("gemma3"), train)
    with torch.no_grad():
        for name, parameter in adapter_parameters(model).items():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    if ready:
        prepare_rows(model, family_named("gemma3"), "cpu")
    return model


def gradients(model: Any) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in adapter_parameters(model).items() if p.grad is not None}


@pytest.mark.parametrize("cap", [None, 3.0])
def test_tiled_loss_and_gradient_are_the_plain_ones(
    cap: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(1)
    monkeypatch.setattr(loss_module, "CACHED_TILE_BYTES", 4 * 150 * 8)
    monkeypatch.setattr(loss_module, "NARROWEST_TILE", 1)
    head = torch.randn(50, 16, dtype=torch.float64)
    targets, weights = torch.randint(50, (150,)), torch.rand(150, dtype=torch.float64)
    ours = torch.randn(150, 16, dtype=torch.float64, requires_grad=True)
    plain = ours.detach().clone().requires_grad_()
    loss = SupervisedCrossEntropy.apply(ours, head, targets, weights, cap, None)
    logits = plain @ head.T
    logits = logits if cap is None else cap * torch.tanh(logits / cap)
    expected = (torch.nn.functional.cross_entropy(logits, targets, reduction="none") * weights).sum()
    assert isinstance(loss, torch.Tensor)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(ours.grad, plain.grad)


def test_loss_is_that_of_the_supervised_tokens_alone() -> None:
    model, sample = tiny_model(), made_samples(1, VOCABULARY)[0]
    loss = float(supervised_loss(model, row_of([sample], "cpu")).detach())
    ids = torch.tensor([sample.ids])
    logits = tiny_model(ready=False)(input_ids=ids).logits[0]
    chosen = [c for start, end in sample.spans for c in range(start, end)]
    picked = torch.nn.functional.cross_entropy(
        logits[[c - 1 for c in chosen]], ids[0, chosen], reduction="sum"
    )
    assert loss == pytest.approx(float(picked.detach()) * sample.weight, rel=1e-5)


def test_what_the_app_acts_on_counts_as_often_as_the_recipe_says() -> None:
    sample = made_samples(1, VOCABULARY)[0]
    supervised = [place for start, end in sample.spans for place in range(start, end)]
    last = len(sample.ids) - 1
    assert sample.weights(3.0) == [sample.weight * (3 if p in (6, 7, last) else 1) for p in supervised]
    assert sample.weights(1.0) == [sample.weight] * sample.supervised
    model = tiny_model()

    def loss_of(part: Sample) -> float:
        return float(supervised_loss(model, row_of([part], "cpu", 3.0)).detach())

    deeds_alone = sample.model_copy(update={"spans": sample.deeds})
    plain = sample.model_copy(update={"deeds": ()})
    twice_the_deeds = loss_of(deeds_alone) * 2 / 3
    assert loss_of(sample) == pytest.approx(loss_of(plain) + twice_the_deeds, rel=1e-5)
    assert weight_of([sample], 3.0) == sum(sample.weights(3.0))


def test_how_a_batch_is_packed_changes_no_gradient() -> None:
    batch = made_samples(8, VOCABULARY)
    found: list[dict[str, torch.Tensor]] = []
    for row_tokens in (1, 60, 10_000):
        model = tiny_model()
        accumulate_gradients(model, batch, Train(row_tokens=row_tokens, call_weight=3), "cpu")
        found.append(gradients(model))
    assert found[0]
    for other in found[1:]:
        for name, gradient in found[0].items():
            torch.testing.assert_close(other[name], gradient, rtol=1e-4, atol=1e-7)


def test_a_packed_row_has_the_loss_and_gradients_of_its_samples_alone_in_plain_transformers() -> None:
    """The reference is PEFT and eager attention, one sample a time; both ways of isolating samples are held to it."""
    batch = made_samples(5, VOCABULARY)
    plain = tiny_model(ready=False)
    plain.set_attn_implementation("eager")
    expected = sum(supervised_loss(plain, row_of([sample], "cpu")) for sample in batch)
    assert isinstance(expected, torch.Tensor)
    expected.backward()
    for ready in (True, False):
        model = tiny_model(ready=ready)
        loss = supervised_loss(model, row_of(batch, "cpu"))
        loss.backward()
        torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
        for name, gradient in gradients(plain).items():
            torch.testing.assert_close(gradients(model)[name], gradient, rtol=1e-4, atol=1e-5)


def test_rows_are_filled_and_nothing_is_cut() -> None:
    lengths = [len(sample.ids) for sample in made_samples(20, VOCABULARY)]
    rows = packed(lengths, 100)
    assert sorted(number for row in rows for number in row) == list(range(20))
    assert all(sum(lengths[number] for number in row) <= 100 for row in rows)
    assert len(rows) < len(lengths)
    assert [len(row) for row in packed(lengths, 1)] == [1] * len(lengths)


def test_samples_left_on_disk_are_those_of_the_file(tmp_path: Path) -> None:
    samples = [s.model_copy(update={"path": "höhle/🐉\u2028\x85.md"}) for s in made_samples(9, VOCABULARY)]
    for_file = "".join(f"{sample.model_dump_json()}\n" for sample in samples)
    file_of(tmp_path, "train").write_text(for_file, encoding="utf-8")
    on_disk = samples_of(tmp_path, "train")
    assert list(on_disk) == samples == read_samples(tmp_path, "train")
    assert on_disk[3:5] == samples[3:5]
    assert list(lengths_of(on_disk)) == lengths_of(samples)
    model = tiny_model()
    assert mean_loss(model, on_disk, "cpu", TRAIN) == mean_loss(model, samples, "cpu", TRAIN)
    assert batch_of(on_disk, 4, 5, 1) == batch_of(samples, 4, 5, 1)


def test_the_eval_loss_is_that_of_a_bounded_number_of_scenarios(tmp_path: Path) -> None:
    samples = made_samples(9, VOCABULARY)
    file_of(tmp_path, "eval").write_text(
        "".join(f"{s.model_dump_json()}\n" for s in samples), encoding="utf-8"
    )
    assert few_samples(tmp_path, "eval", 64) == samples
    few = few_samples(tmp_path, "eval", 4)
    assert few == [sample for sample in samples if sample in few]
    assert len(few) == 4
    others = [sample for sample in samples if sample not in few[1:]]
    file_of(tmp_path, "eval").write_text(
        "".join(f"{s.model_dump_json()}\n" for s in others), encoding="utf-8"
    )
    assert few[0] in few_samples(tmp_path, "eval", 4), "a scenario stays when others come or go"


def test_weight_counts_every_supervised_token() -> None:
    samples = made_samples(3, VOCABULARY)
    expected = sum(sample.weight * (4 + len(sample.ids) - 12) for sample in samples)
    assert weight_of(samples) == expected


def test_every_epoch_sees_every_sample_once() -> None:
    samples = made_samples(7, VOCABULARY)
    for epoch in range(3):
        seen = [s.id for step in range(2) for s in batch_of(samples, 4, 5, epoch * 2 + step)]
        assert sorted(seen) == sorted(s.id for s in samples)
    assert batch_of(samples, 4, 5, 0) != batch_of(samples, 4, 5, 2)


def test_learning_rate_rises_then_falls_to_a_tenth() -> None:
    train = Train(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate_at(step, 100, train) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.1, abs=0.01)


RUN = """
    import os, signal, sys
    from pathlib import Path
    import torch
    from loresmith.train.loop import run_training
    from tests.unit.samples import made_samples
    from tests.unit.test_train import TRAIN, VOCABULARY, tiny_model

    folder, die_at = Path(sys.argv[1]), int(sys.argv[2])

    def on_step(measurement):
        if measurement.step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    model = tiny_model()
    train, held_out = made_samples(10, VOCABULARY), made_samples(3, VOCABULARY, 9)
    outcome = run_training(model, train, held_out, TRAIN, "cpu", folder, on_step)
    torch.save(outcome.best, folder / "best.pt")
    torch.save({n: p.detach() for n, p in model.named_parameters() if p.requires_grad}, folder / "last.pt")
"""


def run_in_process(folder: Path, die_at: int) -> int:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", textwrap.dedent(RUN), str(folder), str(die_at)]
    return subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode


def test_killed_runs_end_with_the_same_weights(tmp_path: Path) -> None:
    assert run_in_process(tmp_path / "whole", -1) == 0
    for die_at in (1, 4, 5, 7):
        assert run_in_process(tmp_path / "killed", die_at) == -9
    assert run_in_process(tmp_path / "killed", -1) == 0
    for name in ("best.pt", "last.pt"):
        whole, killed = torch.load(tmp_path / "whole" / name), torch.load(tmp_path / "killed" / name)
        assert whole.keys() == killed.keys()
        assert all(torch.equal(whole[key], killed[key]) for key in whole)


def trained(tmp_path: Path, train: Train, weight: float = 1.0) -> list[Measurement]:
    seen: list[Measurement] = []
    """A run on samples of six different tokens, which an adapter can learn."""
    samples = [s.model_copy(update={"weight": weight}) for s in made_samples(10, 9)]
    run_training(tiny_model(train), samples, made_samples(3, 9, 9), train, "cpu", tmp_path, seen.append)
    return seen


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    seen = trained(tmp_path, TRAIN.model_copy(update={"epochs": 10, "patience": 50}))
    assert seen[-1].loss < seen[0].loss - 0.3
    assert [m.step for m in seen] == list(range(1, 31))
    assert seen[-1].eval_loss is not None


def test_early_stopping_stops_and_says_so(tmp_path: Path) -> None:
    train = TRAIN.model_copy(update={"epochs": 50, "patience": 2})
    assert len(trained(tmp_path, train)) < total_steps(10, train)


def test_a_run_that_begins_with_nan_names_what_it_began_with(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="before anything was learned") as caught:
        trained(tmp_path, TRAIN, weight=math.inf)
    assert "train.precision" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_gradient_that_is_no_number_never_reaches_the_adapter(tmp_path: Path) -> None:
    model = tiny_model()

    def spoiled(gradient: torch.Tensor) -> torch.Tensor:
        return gradient * math.nan

    def spoil_the_fourth(measurement: Measurement) -> None:
        assert math.isfinite(measurement.gradient_norm)
        if measurement.step == 3:
            next(iter(adapter_parameters(model).values())).register_hook(spoiled)

    samples = made_samples(10, VOCABULARY)
    with pytest.raises(Rejected, match="gradient became nan in step 4") as caught:
        run_training(model, samples, samples[:3], TRAIN, "cpu", tmp_path, spoil_the_fourth)
    assert "learning_rate" in caught.value.remedy
    assert all(torch.isfinite(p).all() for p in adapter_parameters(model).values())


def test_divergence_stops_with_the_cause_and_the_best_adapter_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose checkpoints are rarer than it is long. Its losses are made: a model this small can't diverge."""
    losses = iter((2.0, 1.5, 1.2, 5.3))

    def made_loss(*arguments: Any) -> float:
        accumulate_gradients(*arguments)
        return next(losses)

    monkeypatch.setattr(loop, "accumulate_gradients", made_loss)
    train = TRAIN.model_copy(update={"eval_every": 1, "checkpoint_every": 999})
    with pytest.raises(Rejected, match=r"diverged: the loss rose from 2\.00 to 5\.30 in step 4") as caught:
        trained(tmp_path, train)
    assert "train.learning_rate (now 0.01)" in caught.value.remedy
    assert "keep the best adapter so far" in caught.value.remedy
    newest = sorted(tmp_path.glob("checkpoint-*.safetensors"))[-1]
    with safe_open(newest, framework="pt") as file:
        progress = json.loads(file.metadata()["progress"])
        kept = [file.get_tensor(name) for name in file.keys() if name.startswith("best/")]  # noqa: SIM118
    assert progress["best_step"] == progress["step"]
    assert f"step {progress['best_step']})" in caught.value.remedy
    assert kept


def test_how_far_a_loss_may_rise() -> None:
    progress = Progress(step=7, first_loss=2.0)
    require_sane_step(4.9, 1.0, progress, TRAIN)
    with pytest.raises(Rejected, match="diverged"):
        require_sane_step(5.1, 1.0, progress, TRAIN)


def test_only_the_targets_are_adapted() -> None:
    model = tiny_model(TRAIN.model_copy(update={"targets": ("q_proj", "down_proj")}))
    adapted = {name.split(".lora_")[0].rpartition(".layers.")[2] for name in adapter_parameters(model)}
    assert adapted == {f"{n}.{part}" for n in "01" for part in ("self_attn.q_proj", "mlp.down_proj")}
    every = {name.split(".lora_")[0].rpartition(".")[2] for name in adapter_parameters(tiny_model())}
    assert every == set(PROJECTIONS)


def test_a_precision_that_cannot_work_is_refused() -> None:
    gemma, qwen = family_named("gemma3"), family_named("qwen3")
    cpu = Accelerator(kind="cpu", name="CPU, 2 cores", memory_bytes=1, precision="bf16-mixed")
    cuda = Accelerator(kind="cuda", name="Fake 9000", memory_bytes=1, precision="bf16")
    with pytest.raises(InvalidCall, match="fp16"):
        resolve_precision("fp16", gemma, cpu)
    with pytest.raises(InvalidCall, match="this trains on Fake 9000"):
        resolve_precision("bf16-mixed", gemma, cuda)
    assert resolve_precision("fp16", qwen, cpu) == "fp16"
    assert [resolve_precision("auto", gemma, found) for found in (cpu, cuda)] == ["bf16-mixed", "bf16"]
    assert resolve_precision("bf16-mixed", gemma, cpu) == "bf16-mixed"


def test_out_of_memory_says_what_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from loresmith.train import adapter

    def exhausted(*_: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    for split in ("train", "eval"):
        (tmp_path / f"{split}.jsonl").touch()
    monkeypatch.setattr(adapter, "load_base", exhausted)
    cpu = Accelerator(kind="cpu", name="CPU", memory_bytes=1, precision="fp32")
    with pytest.raises(EnvironmentFailure, match="Memory ran out") as caught:
        adapter.train_adapter(
            tmp_path, family_named("gemma3"), tmp_path, TRAIN, None, cpu, tmp_path, lambda _: None
        )
    assert "row_tokens" in caught.value.remedy
    assert "activation_checkpointing" in caught.value.remedy


def test_metrics_hold_every_step_once_after_a_resumption(tmp_path: Path) -> None:
    from loresmith.train.metrics import logged

    def measured(step: int) -> Measurement:
        return Measurement(step, 9, 1.0, None, 1e-3, 10, 5, 0.1, 0.7, 2**30)

    first = logged(tmp_path, lambda _: None)
    for step in (1, 2, 3):
        first(measured(step))
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')
    resumed = logged(tmp_path, lambda _: None)
    for step in (3, 4):
        resumed(measured(step))
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4]
    assert json.loads(lines[0]) == {
        "step": 1, "steps": 9, "loss": 1.0, "eval_loss": None, "learning_rate": 1e-3, "tokens": 10, "supervised": 5,
        "seconds": 0.1, "gradient_norm": 0.7, "memory_bytes": 2**30, "tokens_per_second": 100.0,
    }  # fmt: skip
