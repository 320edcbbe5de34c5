"""Compensated rounding: codes written where llama.cpp reads them, and layers that lose less."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFReader, dequantize
from loresmith.diagnostics.failure import EnvironmentFailure, Failure, Rejected
from loresmith.process.child import ChildFailed
from loresmith.quantize import moments, run
from loresmith.quantize.importance import measure_importance
from loresmith.quantize.layouts import LAYOUTS, Bytes, read_grid
from loresmith.quantize.moments import Moments, SavedMoments
from loresmith.quantize.rounding import Grid, compensated_codes, inverse_factors, output_errors
from loresmith.quantize.run import quantize
from loresmith.quantize.table import QuantizedFile
from loresmith.train.model import load_base
from runs import Run
from safetensors import safe_open
from safetensors.torch import save_file

Measure = Callable[[Run], tuple[Path, Path]]


def ignore(_: float) -> None:
    """Progress that nobody looks at."""


def random_blocks(kind: str, count: int, seed: int) -> tuple[Bytes, Bytes]:
    """Blocks of a type whose scales are finite, and other codes for them."""
    generator = np.random.default_rng(seed)
    columns, size = GGML_QUANT_SIZES[GGMLQuantizationType[kind.upper()]]
    blocks = generator.integers(0, 256, (20 * count, size), dtype=np.uint8)
    offset, step = read_grid(blocks, kind)
    sound = (np.abs(offset) < 1e3).all(axis=1) & (np.abs(step) < 1e3).all(axis=1)
    codes = generator.integers(0, len(LAYOUTS[kind].levels), (count, columns), dtype=np.uint8)
    return blocks[sound][:count], codes


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", LAYOUTS)
def test_codes_are_read_as_they_were_written(kind: str) -> None:
    blocks, codes = random_blocks(kind, 100, 3)
    assert len(blocks) == 100
    layout, ggml_type = LAYOUTS[kind], GGMLQuantizationType[kind.upper()]
    made = layout.with_codes(blocks, codes)
    offset, step = read_grid(blocks, kind)
    expected = offset + step * np.array(layout.levels, np.float32)[codes]
    assert np.allclose(dequantize(made, ggml_type), expected, rtol=1e-5, atol=1e-3)
    zeros = np.zeros_like(codes)
    assert (layout.with_codes(made, zeros) == layout.with_codes(blocks, zeros)).all(), "the scales stay"


def on_a_grid(rows: int, columns: int) -> tuple[torch.Tensor, Grid]:
    """Weights that lie on the grid, as those of a base that was quantized before it was tuned."""
    torch.manual_seed(11)
    codes = torch.randint(0, 32, (rows, columns))
    grid = Grid(
        torch.full((rows, columns), -16.0), torch.ones(rows, columns), torch.arange(32, dtype=torch.float32)
    )
    return grid.values(codes), grid


def uneven_inputs(count: int, columns: int) -> torch.Tensor:
    """Inputs that go together, as a model's do."""
    generator = torch.Generator().manual_seed(12)
    few = torch.randn(count, columns // 4, generator=generator)
    mixed = few @ torch.randn(columns // 4, columns, generator=generator)
    return mixed + 0.3 * torch.randn(count, columns, generator=generator)


@pytest.mark.parametrize("rows", [1, 2])
def test_the_weights_stay_as_they_were(rows: int) -> None:
    base, grid = on_a_grid(rows, 128)
    inputs, weights = uneven_inputs(400, 128), base + 0.3
    compensated_codes(weights, grid, inverse_factors([inputs.T @ inputs / len(inputs)]))
    assert weights.equal(base + 0.3)


def test_what_the_training_added_is_kept() -> None:
    base, grid = on_a_grid(64, 128)
    inputs = uneven_inputs(4000, 128)
    added = 0.15 * torch.randn(64, 4) @ torch.randn(4, 128) / 2
    assert added.abs().median() < 0.25, "most of it is less than half a step"
    tuned, second = base + added, inputs.T @ inputs / len(inputs)
    codes = compensated_codes(tuned, grid, inverse_factors([second]))
    nearest = torch.clamp(torch.round(tuned + 16), 0, 31) - 16
    whole = output_errors(added, [second]).sum()
    lost = {name: output_errors(made - tuned, [second]).sum() / whole for name, made in
            (("nearest", nearest), ("compensated", grid.values(codes)))}  # fmt: skip
    assert lost["nearest"] > 0.3
    assert lost["compensated"] < 0.5 * lost["nearest"]


def test_blocks_along_the_diagonal_are_rounded_each_by_itself() -> None:
    base, grid = on_a_grid(8, 96)
    tuned = base + 0.2 * torch.randn(8, 96)
    inputs = uneven_inputs(800, 96)
    blocks = [part.T @ part / 800 for part in inputs.split([64, 32], dim=1)]
    together = compensated_codes(tuned, grid, inverse_factors(blocks))
    apart = [
        compensated_codes(tuned[:, columns], grid.part(columns), inverse_factors([block]))
        for columns, block in zip((slice(0, 64), slice(64, 96)), blocks, strict=True)
    ]
    assert torch.equal(together, torch.cat(apart, dim=1))
    difference = grid.values(together) - tuned
    assert torch.allclose(
        output_errors(difference, blocks),
        output_errors(difference[:, :64], blocks[:1]) + output_errors(difference[:, 64:], blocks[1:]),
    )


def test_the_first_column_is_rounded_to_the_nearest_and_its_error_is_given_back() -> None:
    """By hand: two columns that always go together, of which the first loses 0.4."""
    _, grid = on_a_grid(1, 2)
    together = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    codes = compensated_codes(torch.tensor([[0.4, 0.4]]), grid, inverse_factors([together]))
    assert grid.values(codes).tolist() == [[0.0, 1.0]]


def test_weights_on_the_grid_stay() -> None:
    base, grid = on_a_grid(8, 64)
    inputs = uneven_inputs(500, 64)
    assert torch.equal(
        grid.values(compensated_codes(base, grid, inverse_factors([inputs.T @ inputs / len(inputs)]))), base
    )


def test_inputs_that_are_always_zero() -> None:
    base, grid = on_a_grid(4, 32)
    assert torch.equal(
        grid.values(compensated_codes(base, grid, inverse_factors([torch.zeros(32, 32)]))), base
    )


def test_moments_of_another_width() -> None:
    base, grid = on_a_grid(4, 32)
    with pytest.raises(ValueError, match="aren't of this layer"):
        compensated_codes(base, grid, [torch.eye(16)])


def test_a_block_without_a_step() -> None:
    base, grid = on_a_grid(4, 32)
    flat = Grid(torch.zeros(4, 32), torch.zeros(4, 32), grid.levels)
    assert torch.equal(
        flat.values(compensated_codes(base, flat, inverse_factors([torch.eye(32)]))), torch.zeros(4, 32)
    )


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Measure:
    """Gives the importance matrix and the moments of a run's merged model over its example, each measured once."""

    measured = dict[Path, tuple[Path, Path]]()

    def measure_once(run: Run) -> tuple[Path, Path]:
        if run.merged not in measured:
            folder = tmp_path_factory.mktemp("measured")
            files = folder / "importance.safetensors", folder / "moments.safetensors"
            measure_importance(run.merged, [run.ids, run.ids[:20]], files[0], ignore, files[1])
            measured[run.merged] = files
        return measured[run.merged]

    return measure_once


def test_moments_are_those_of_the_inputs(gemma3: Run, measure: Measure) -> None:
    saved = SavedMoments(measure(gemma3)[1])
    seen = list[torch.Tensor]()
    model = load_base(gemma3.merged, gemma3.family, "fp32").eval()

    def listen(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0][0])

    model.model.layers[2].mlp.up_proj.register_forward_pre_hook(listen)
    with torch.inference_mode():
        for ids in (gemma3.ids, gemma3.ids[:20]):
            model(torch.tensor([ids]))
    rows = torch.cat(seen)
    (block,) = saved.blocks("blk.2.ffn_up.weight")
    assert torch.allclose(block, rows.T @ rows / len(rows), rtol=1e-3, atol=1e-5)
    assert saved.same_as("blk.2.ffn_up.weight") == "blk.2.ffn_gate.weight"
    assert {saved.same_as(f"blk.2.attn_{name}.weight") for name in "qkv"} == {"blk.2.attn_q.weight"}
    assert saved.same_as("blk.2.attn_output.weight") == "blk.2.attn_output.weight"


def test_wide_layers_have_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "MOST_COLUMNS", 8)
    inputs, collected = torch.randn(2, 30, 20), Moments()
    collected.add("wide", inputs)
    collected.save(tmp_path / "moments.safetensors")
    blocks = list(SavedMoments(tmp_path / "moments.safetensors").blocks("wide"))
    whole = inputs.flatten(end_dim=1).T @ inputs.flatten(end_dim=1) / 60
    assert [len(block) for block in blocks] == [7, 7, 6]
    assert torch.allclose(torch.block_diag(*blocks)[7:14, 7:14], whole[7:14, 7:14], atol=1e-5)


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        ("gemma3", "q6_k"),
        ("gemma3", "q4_k_m"),
        ("gemma3", "iq4_xs"),
        ("qwen3", "q3_k_m"),
        ("gemma3n_sharing", "q4_0"),
    ],
)
def test_layers_lose_less(
    family: str, kind: str, request: pytest.FixtureRequest, measure: Measure, tmp_path: Path
) -> None:
    source: Run = request.getfixturevalue(family)
    matrix, second = measure(source)
    plain = quantize(source.f16, tmp_path / "plain.gguf", kind, ignore, matrix)
    made = quantize(source.f16, tmp_path / "made.gguf", kind, ignore, matrix, second)
    saved = SavedMoments(second)
    rounded = coded_layers(plain, saved)
    assert plain.compensation is None
    assert made.compensation is not None
    assert made.compensation.tensors == len(rounded) >= 12
    errors = {file: mean_error(file, source.f16, rounded, saved) for file in (plain.path, made.path)}
    assert errors[plain.path] == pytest.approx(made.compensation.nearest, rel=1e-3)
    assert errors[made.path] == pytest.approx(made.compensation.compensated, rel=1e-3)
    assert errors[made.path] < 0.9 * errors[plain.path]
    assert made.bytes == plain.bytes
    assert changed(plain, made) <= rounded


def test_only_what_is_rounded_has_moments(gemma3n: Run, measure: Measure, tmp_path: Path) -> None:
    matrix, second = measure(gemma3n)
    made = quantize(gemma3n.f16, tmp_path / "made.gguf", "q4_0", ignore, matrix, second)
    assert coded_layers(made, saved := SavedMoments(second)) == set(saved.names())


def mean_error(file: Path, source: Path, layers: set[str], saved: SavedMoments) -> float:
    """The error of the layers' outputs as the file's bytes make it."""
    exact = {tensor.name: tensor for tensor in GGUFReader(source).tensors}
    shares = list[float]()
    for tensor in GGUFReader(file).tensors:
        if tensor.name in layers:
            blocks = list(saved.blocks(tensor.name))
            weights = values(exact[tensor.name])
            lost = output_errors(values(tensor) - weights, blocks).sum()
            shares.append(float(lost / output_errors(weights, blocks).sum()))
    return float(np.mean(shares))


def values(tensor: Any) -> torch.Tensor:
    return torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).astype(np.float32))


def coded_layers(file: QuantizedFile, saved: SavedMoments) -> set[str]:
    """The file's layers of fewer than eight bits."""
    return {
        tensor.name
        for tensor in GGUFReader(file.path).tensors
        if tensor.tensor_type.name.lower() in LAYOUTS and tensor.name in saved
    }


def changed(one: QuantizedFile, other: QuantizedFile) -> set[str]:
    """The names of the tensors that differ between two files."""
    tensors: list[dict[str, Any]] = [
        {tensor.name: tensor.data for tensor in GGUFReader(file.path).tensors} for file in (one, other)
    ]
    return {name for name, data in tensors[0].items() if not np.array_equal(data, tensors[1][name])}


def test_the_same_bytes_again(gemma3: Run, measure: Measure, tmp_path: Path) -> None:
    files = [
        quantize(
            gemma3.f16, tmp_path / name / "made.gguf", "q4_0", ignore, *measure(gemma3)
        ).path.read_bytes()
        for name in ("one", "other")
    ]
    assert files[0] == files[1]


def test_moments_that_lack_a_layer_are_refused(gemma3: Run, measure: Measure, tmp_path: Path) -> None:
    matrix, second = measure(gemma3)
    with safe_open(second, framework="pt") as file:
        same = json.loads(file.metadata()["same"])
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    same.pop("blk.1.ffn_down.weight")
    save_file(kept, tmp_path / "lacking.safetensors", metadata={"same": json.dumps(same)})
    with pytest.raises(Rejected, match=r"nothing is known of what blk\.1\.ffn_down\.weight"):
        quantize(
            gemma3.f16, tmp_path / "model.gguf", "q4_0", ignore, matrix, tmp_path / "lacking.safetensors"
        )


def test_moments_that_are_not_numbers_are_refused(gemma3: Run, measure: Measure, tmp_path: Path) -> None:
    matrix, second = measure(gemma3)
    with safe_open(second, framework="pt") as file:
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    kept["blk.1.ffn_down.weight/0"].fill_(float("nan"))
    save_file(kept, tmp_path / "nan.safetensors", metadata=metadata)
    with pytest.raises(Rejected, match=r"moments of blk\.1\.ffn_down\.weight can't be used"):
        quantize(gemma3.f16, tmp_path / "model.gguf", "q4_0", ignore, matrix, tmp_path / "nan.safetensors")


def test_a_full_disk_leaves_no_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    collected = Moments()
    collected.add("layer", torch.randn(5, 8))
    with pytest.raises(EnvironmentFailure, match="disk is full"):
        collected.save(tmp_path / "moments.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not safetensors"])
def test_damaged_moments_leave_nothing(content: bytes, gemma3: Run, measure: Measure, tmp_path: Path) -> None:
    matrix, second = measure(gemma3)[0], tmp_path / "moments.safetensors"
    second.write_bytes(content)
    with pytest.raises(Rejected, match="can't be rounded"):
        quantize(gemma3.f16, tmp_path / "out" / "model.gguf", "q4_0", ignore, matrix, second)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("code", "said", "kind", "message"),
    [
        (-9, "ended by signal 9", EnvironmentFailure, "Memory ran out"),
        (1, "DefaultCPUAllocator: can't allocate memory: you tried", EnvironmentFailure, "Memory ran out"),
        (-7, "ended by signal 7", EnvironmentFailure, "disk"),
        (1, "OSError: [Errno 28] No space left on device", EnvironmentFailure, "disk"),
        (1, "ValueError: the moments of blk.0 can't be used", Rejected, "moments of blk.0"),
    ],
)
def test_failures_say_what_to_do(
    code: int, said: str, kind: type[Failure], message: str, gemma3: Run, measure: Measure, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise ChildFailed(code, said)

    monkeypatch.setattr(run, "compensate", fail)
    matrix, second = measure(gemma3)
    with pytest.raises(kind, match=message) as failed:
        quantize(gemma3.f16, tmp_path / "model.gguf", "q4_0", ignore, matrix, second)
    assert failed.value.remedy
    assert not (tmp_path / "model.gguf").exists()


def test_progress_goes_forward(gemma3: Run, measure: Measure, tmp_path: Path) -> None:
    said = list[float]()
    quantize(gemma3.f16, tmp_path / "model.gguf", "q4_0", said.append, *measure(gemma3))
    assert said == sorted(said)
    assert said[-1] == 1
