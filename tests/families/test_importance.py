"""The importance matrix: what it holds, whose it is, and what quantizers make of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from loresmith.diagnostics.failure import EnvironmentFailure, Failure, Rejected
from loresmith.export.gguf import export_gguf
from loresmith.process.child import ChildFailed
from loresmith.quantize import importance
from loresmith.quantize.importance import Importance, measure_importance, read_importance
from loresmith.quantize.run import quantize
from loresmith.train.model import load_base
from numpy.typing import NDArray
from runs import Run, example_ids
from safetensors.numpy import save_file
from tiny import make_folder


def ignore(_: float) -> None:
    """Progress that nobody looks at."""


def measured(run: Run, folder: Path) -> Importance:
    """The matrix of the run's merged model over two sequences."""
    file = folder / "importance.safetensors"
    measure_importance(run.merged, [run.ids, run.ids[:7]], file, ignore)
    return read_importance(file)


@pytest.mark.parametrize("family", ["gemma3", "qwen3", "gemma3n", "gemma3n_sharing"])
def test_leads_all_that_is_rounded(family: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    run: Run = request.getfixturevalue(family)
    matrix, file = measured(run, tmp_path), tmp_path / "importance.safetensors"
    made = quantize(run.f16, tmp_path / "model.gguf", "q4_0", ignore, file)
    rounded = {t.name: int(t.shape[0]) for t in GGUFReader(made.path).tensors if t.tensor_type.name[0] == "Q"}
    lengths = {name: len(matrix[name]) for name in rounded if name != "per_layer_token_embd.weight"}
    assert len(lengths) >= 15
    assert lengths == {name: rounded[name] for name in lengths}


@pytest.mark.parametrize("tied", [True, False])
def test_a_head_of_its_own(tied: bool, tmp_path: Path) -> None:
    folder, file = (
        make_folder("qwen3", tmp_path / "base", tie_word_embeddings=False),
        tmp_path / "importance.safetensors",
    )
    if tied:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(
            json.dumps(config | {"tie_word_embeddings": True}), encoding="utf-8"
        )
    export_gguf(folder, tmp_path / "f16.gguf", "tiny", ignore)
    measure_importance(folder, [example_ids(folder)], file, ignore)
    assert "output.weight" in read_importance(file)
    assert "token_embd.weight" not in read_importance(file)
    quantize(tmp_path / "f16.gguf", tmp_path / "q4_0.gguf", "q4_0", ignore, file)
    assert (tmp_path / "q4_0.gguf").exists()


def test_a_tensor_without_a_row_is_refused(gemma3: Run, tmp_path: Path) -> None:
    rows = {name: row for name, row in measured(gemma3, tmp_path).items() if name != "blk.3.ffn_up.weight"}
    save_file(rows, tmp_path / "lacking.safetensors")
    with pytest.raises(Rejected, match=r"nothing for 1 tensors of the file, blk\.3\.ffn_up"):
        quantize(
            gemma3.f16, tmp_path / "out" / "model.gguf", "q4_0", ignore, tmp_path / "lacking.safetensors"
        )
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("code", "said", "kind", "message"),
    [
        (-9, "ended by signal 9", EnvironmentFailure, "Memory ran out"),
        (1, "RuntimeError: not enough memory: you tried to allocate", EnvironmentFailure, "Memory ran out"),
        (1, "OSError: [Errno 28] No space left on device", EnvironmentFailure, "disk is full"),
        (1, "KeyError: 'x'", Rejected, "can't be read: KeyError"),
    ],
)
def test_why_it_failed(
    code: int, said: str, kind: type[Failure], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ChildFailed(code, said)

    monkeypatch.setattr(importance, "run_child", fail)
    with pytest.raises(kind, match=message) as raised:
        measure_importance(tmp_path, [[1]], tmp_path / "importance.safetensors", ignore)
    assert raised.value.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_told_by_the_child_itself(gemma3: Run) -> None:
    with pytest.raises(EnvironmentFailure, match="disk is full"):
        measure_importance(gemma3.merged, [gemma3.ids], Path("/dev/full"), ignore)


def test_mean_squares(gemma3: Run, tmp_path: Path) -> None:
    matrix = measured(gemma3, tmp_path)
    seen: list[torch.Tensor] = []
    model = load_base(gemma3.merged, gemma3.family, "fp32").eval()

    def listen(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.append(inputs[0][0])

    model.model.layers[2].mlp.down_proj.register_forward_pre_hook(listen)
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
    from gguf import dequantize

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
