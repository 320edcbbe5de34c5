"""Gemma 3n's projector: exported without ears, in shapes that libmtmd can multiply."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loresmith.export.gguf import export_gguf, export_projector
from loresmith.export.verify import value_of
from runs import Run
from tower import add_towers

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(gemma3n: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A multimodal folder with its text model and its projector exported."""
    made = add_towers(Path(shutil.copytree(gemma3n.merged, tmp_path_factory.mktemp("eyes") / "multimodal")))
    export_gguf(made, made / "model.gguf", "tiny", lambda _: None)
    export_projector(made, made / "mmproj.gguf", lambda _: None)
    return made


def test_projector_file(folder: Path) -> None:
    from gguf import GGUFReader

    reader = GGUFReader(folder / "mmproj.gguf")
    assert value_of(reader, "general.architecture") == "clip"
    assert value_of(reader, "clip.vision.projector_type") == "gemma3nv"
    shapes = {tensor.name: [int(length) for length in tensor.shape] for tensor in reader.tensors}
    assert shapes["v.blk.1.0.layer_scale.gamma"] == [1, 1, 10, 1]
    assert shapes["mm.input_projection.weight"] == [256, 256]
    assert not [name for name in shapes if name.startswith(("a.", "mm.a"))]


def test_text_file_has_no_tower(folder: Path) -> None:
    from gguf import GGUFReader

    names = [tensor.name for tensor in GGUFReader(folder / "model.gguf").tensors]
    assert not [name for name in names if name.startswith(("v.", "a.", "mm."))]


def test_libmtmd_sees_with_it(folder: Path, tmp_path: Path) -> None:
    seen = [_look(folder, tmp_path / f"{shade}.npy", shade) for shade in (255, 40)]
    assert seen[0].shape == (256, 256)
    assert all(np.isfinite(features).all() for features in seen)
    assert np.corrcoef(seen[0].ravel(), seen[1].ravel())[0, 1] < 0.9999


def _look(folder: Path, output: Path, shade: int) -> Any:
    script = Path(__file__).with_name("looking.py")
    arguments = [folder / "model.gguf", folder / "mmproj.gguf", output, str(shade)]
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return np.load(output)
