"""The importance matrix: what it holds, whose it is, and what quantizers make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from loresmith.diagnostics.failure import Rejected
from loresmith.quantize.importance import Importance, measure_importance, read_importance
from loresmith.quantize.run import quantize
from loresmith.train.model import load_base
from numpy.typing import NDArray
from runs import Run

NOT_LISTENED_TO = ("altup_", "per_layer_token_embd", "per_layer_model_proj")
"""Gemma 3n's tensors that llama.cpp keeps in f16 or looks rows up in."""


def ignore(_: float) -> None:
    """Progress that nobody looks at."""


def measured(run: Run, folder: Path) -> Importance:
    """The matrix of the run's merged model over two sequences."""
    file = folder / "importance.safetensors"
    measure_importance(run.merged, [run.ids, run.ids[:7]], file, ignore)
    return read_importance(file)


@pytest.mark.parametrize("family", ["gemma3", "qwen3", "gemma3n"])
def test_covers_what_is_quantized(family: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    from gguf import GGUFReader

    run: Run = request.getfixturevalue(family)
    matrix = measured(run, tmp_path)
    coarse = [t for t in GGUFReader(run.quantized["q4_k_m"].path).tensors if "F" not in t.tensor_type.name]
    wanted = {t.name: int(t.shape[0]) for t in coarse if not any(mark in t.name for mark in NOT_LISTENED_TO)}
    assert len(wanted) >= 15
    assert {name: len(matrix[name]) for name in wanted} == wanted


def test_mean_squares(gemma3: Run, tmp_path: Path) -> None:
    matrix = measured(gemma3, tmp_path)
    seen: list[torch.Tensor] = []
    model = load_base(gemma3.merged, gemma3.family, "fp32").eval()
    model.model.layers[2].mlp.down_proj.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0]))
    with torch.inference_mode():
        states = [
            model.model(torch.tensor([ids])).last_hidden_state[0] for ids in (gemma3.ids, gemma3.ids[:7])
        ]
    for name, rows in (("blk.2.ffn_down.weight", seen), ("token_embd.weight", states)):
        assert np.allclose(matrix[name], torch.cat(rows).square().mean(dim=0).numpy(), rtol=1e-4)
    assert "output.weight" not in matrix, "the head is the token table"


def test_quantizers_are_led_by_it(gemma3: Run, tmp_path: Path) -> None:
    file = tmp_path / "importance.safetensors"
    measure_importance(gemma3.merged, [gemma3.ids], file, ignore)
    plain = gemma3.quantized["q4_k_m"].path
    led = quantize(gemma3.f16, tmp_path / "led.gguf", "q4_k_m", ignore, file).path
    matrix, exact = read_importance(file), weights_of(gemma3.f16)
    costs = {path: _costs(weights_of(path), exact, matrix) for path in (plain, led)}
    assert sum(costs[led].values()) < 0.95 * sum(costs[plain].values())
    assert led.stat().st_size == plain.stat().st_size


def _costs(
    weights: dict[str, NDArray[np.float32]], exact: dict[str, NDArray[np.float32]], matrix: Importance
) -> dict[str, float]:
    """What rounding costs each layer, by the measure that the matrix is for."""
    return {name: float(((weights[name] - exact[name]) ** 2 @ row).sum()) for name, row in matrix.items()}


def weights_of(file: Path) -> dict[str, NDArray[np.float32]]:
    """A file's weights in fp32."""
    from gguf import GGUFReader, dequantize

    return {t.name: dequantize(t.data, t.tensor_type).astype(np.float32) for t in GGUFReader(file).tensors}


def test_nothing_to_read(gemma3: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no token"):
        measure_importance(gemma3.merged, [[]], tmp_path / "importance.safetensors", ignore)


def test_damaged_weights_are_named(gemma3: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for source in gemma3.merged.iterdir():
        content = source.read_bytes()
        (broken / source.name).write_bytes(
            content[: len(content) // 2] if source.suffix == ".safetensors" else content
        )
    with pytest.raises(Rejected, match="can't be read"):
        measure_importance(broken, [gemma3.ids], tmp_path / "importance.safetensors", ignore)
    assert not (tmp_path / "importance.safetensors").exists()
