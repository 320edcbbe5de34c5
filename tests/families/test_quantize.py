"""Quantizing, its failures, and the measure of what it did."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from loresmith.diagnostics.failure import EnvironmentFailure, InvalidCall, Rejected
from loresmith.export.gguf import export_gguf
from loresmith.generate.reader import PIECE, ROWS, pieces
from loresmith.merge.check import agreement
from loresmith.quantize.comparison import kl_divergence, summary
from loresmith.quantize.divergence import divergence
from loresmith.quantize.kinds import KINDS
from loresmith.quantize.run import quantize
from runs import Run, llama_logits, torch_logits
from tiny import make_folder


def ignore(_: float) -> None:
    """Progress that nobody looks at."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_a_model_that_runs(gemma3: Run, tmp_path: Path, kind: str) -> None:
    made = quantize(gemma3.f16, tmp_path / "model.gguf", kind, ignore)
    expected = torch_logits(gemma3.merged, gemma3.family, gemma3.ids)
    assert agreement(expected, llama_logits(made.path, gemma3.ids)).correlation > 0.8
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]


def test_kinds_are_ordered_by_size(gemma3: Run, tmp_path: Path) -> None:
    kinds = ("f16", "q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m", "q2_k")
    sizes = [quantize(gemma3.f16, tmp_path / f"{kind}.gguf", kind, ignore).bytes for kind in kinds]
    assert sizes == sorted(sizes, reverse=True)


def test_unknown_kind(gemma3: Run, tmp_path: Path) -> None:
    with pytest.raises(InvalidCall, match="no quantization 'q4'"):
        quantize(gemma3.f16, tmp_path / "model.gguf", "q4", ignore)


def test_damaged_source_is_refused_and_leaves_nothing(gemma3: Run, tmp_path: Path) -> None:
    source = tmp_path / "cut.gguf"
    source.write_bytes(gemma3.f16.read_bytes()[:-100_000])
    with pytest.raises(Rejected, match=r"can't quantize this file to q8_0: .*not within the file bounds"):
        quantize(source, tmp_path / "out" / "model.gguf", "q8_0", ignore)
    assert list((tmp_path / "out").iterdir()) == []


def test_full_disk(gemma3: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=0)

    def disk_usage(_: Path) -> object:
        return full

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    source = tmp_path / "cut.gguf"
    source.write_bytes(gemma3.f16.read_bytes()[:1000])
    with pytest.raises(EnvironmentFailure, match="disk is full"):
        quantize(source, tmp_path / "model.gguf", "q8_0", ignore)


def test_divergence_grows_with_coarseness(gemma3: Run, tmp_path: Path) -> None:
    progress: list[float] = []
    positions = [list(range(4, 48)), [10, 20]]
    sequences = [gemma3.ids, gemma3.ids[:30]]
    means = dict[str, float]()
    for kind in ("q8_0", "q4_k_m"):
        file = gemma3.quantized[kind].path
        measured = divergence(gemma3.f16, file, sequences, positions, progress.append)
        assert measured.positions == 46
        assert 0 <= measured.mean <= measured.p99 <= measured.max
        means[kind] = measured.mean
    assert 0 < means["q8_0"] < means["q4_k_m"] / 10
    assert progress == [0.5, 1.0, 0.5, 1.0]


def test_divergence_is_what_the_logits_say(gemma3: Run) -> None:
    file, positions = gemma3.quantized["q4_k_m"].path, [5, 30, 47]
    p, q = (llama_logits(path, gemma3.ids).numpy() for path in (gemma3.f16, file))
    expected = [kl_divergence(p[at], q[at]) for at in positions]
    measured = divergence(gemma3.f16, file, [gemma3.ids], [positions], ignore)
    # llama.cpp rounds activations otherwise for few tokens at once than for many, by the processor's kernels.
    assert measured.mean == pytest.approx(np.mean(expected), rel=0.15)
    assert measured.max == pytest.approx(max(expected), rel=0.15)
    shifted = [kl_divergence(p[at - 1], q[at - 1]) for at in positions]
    assert np.mean(shifted) != pytest.approx(np.mean(expected), rel=0.15)


def test_a_file_does_not_diverge_from_itself(gemma3: Run) -> None:
    measured = divergence(gemma3.f16, gemma3.f16, [gemma3.ids], [[7, 8]], ignore)
    assert (measured.mean, measured.max, measured.top1_agreement) == (0.0, 0.0, 1.0)


def test_divergence_of_different_vocabularies(gemma3: Run, tmp_path: Path) -> None:
    folder = make_folder("gemma3", tmp_path / "other", vocab_size=520, num_hidden_layers=1)
    export_gguf(folder, tmp_path / "other.gguf", "tiny", ignore)
    with pytest.raises(Rejected, match="different vocabularies"):
        divergence(gemma3.f16, tmp_path / "other.gguf", [gemma3.ids], [[7]], ignore)


def test_divergence_of_a_file_that_cannot_be_loaded(gemma3: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(gemma3.f16.read_bytes()[:5000])
    with pytest.raises(Rejected, match=r"cut\.gguf can't be loaded"):
        divergence(gemma3.f16, cut, [gemma3.ids], [[7]], ignore)


def test_positions_are_checked(gemma3: Run) -> None:
    with pytest.raises(ValueError, match="no position"):
        divergence(gemma3.f16, gemma3.f16, [gemma3.ids], [[]], ignore)
    with pytest.raises(ValueError, match="outside"):
        divergence(gemma3.f16, gemma3.f16, [gemma3.ids], [[48]], ignore)


def test_kl_divergence_of_known_distributions() -> None:
    p, q = np.log(np.array([0.5, 0.5], np.float32)), np.log(np.array([0.9, 0.1], np.float32))
    assert kl_divergence(p, q) == pytest.approx(0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1), rel=1e-6)
    assert kl_divergence(p + 3, p) == pytest.approx(0.0, abs=1e-9)


def test_summary() -> None:
    measured = summary([(0.0, True), (1.0, False), (2.0, True), (3.0, True)])
    assert measured == {
        "mean": 1.5, "p99": pytest.approx(2.97), "max": 3.0, "top1_agreement": 0.75, "positions": 4
    }  # fmt: skip


def test_pieces_cover_a_sequence_in_order() -> None:
    positions = [3, *range(100, 300), 1000]
    cut = list(pieces(positions))
    assert [position for *_, inside in cut for position in inside] == positions
    assert cut[0][0] == 0
    assert cut[-1][1] == 1001
    assert all(before[1] == after[0] for before, after in pairwise(cut))
    assert all(end - start <= PIECE and len(inside) <= ROWS for start, end, inside in cut)
