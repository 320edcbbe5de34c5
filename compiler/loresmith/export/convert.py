"""Drives llama.cpp's converter: `python -m loresmith.export.convert FOLDER JOB ARGUMENTS…`.

JOB is model, projector or adapter.

The converter is a pair of scripts that import each other's package and their own newer gguf, so it runs in a
process of its own with its folder first on the path. What it gets wrong about our families is mended here,
on its classes, before its main function runs; families/export_quirks.py says what and why.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

from loresmith.families.export_quirks import PRE_TOKENIZERS, is_audio, unbuilt_tensors
from loresmith.families.family import family_of
from loresmith.process.child import say_progress

_SCRIPTS = {
    "model": ("convert_hf_to_gguf.py", []),
    "projector": ("convert_hf_to_gguf.py", ["--mmproj"]),
    "adapter": ("convert_lora_to_gguf.py", []),
}


def main() -> None:
    """Mend the converter and run the script that the job needs."""
    folder, job, arguments = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    sys.path[:0] = [str(folder), str(folder / "gguf-py")]
    report_writing()
    add_unbuilt_tensors()
    name_pre_tokenizer()
    mend_projector()
    script, flags = _SCRIPTS[job]
    sys.argv = [str(folder / script), *flags, *arguments]
    runpy.run_path(sys.argv[0], run_name="__main__")


def report_writing() -> None:
    """Progress of the writing, which is where lazily loaded tensors are read and converted."""
    import tqdm

    class Progress:
        def __init__(self, *_: object, total: float | None = None, **__: object) -> None:
            self._total, self._done = total or 1, 0.0

        def update(self, size: float) -> None:
            self._done += size
            say_progress(min(1.0, self._done / self._total))

    tqdm.tqdm = Progress  # pyright: ignore[reportAttributeAccessIssue]


def add_unbuilt_tensors() -> None:
    """Give Gemma 3n's KV-sharing layers the keys and values that llama.cpp asks for."""
    import torch
    from conversion.gemma import Gemma3NModel  # pyright: ignore[reportMissingImports]

    original = Gemma3NModel.index_tensors

    def index_tensors(self: Any, remote_hf_model_id: str | None = None) -> dict[str, Any]:
        tensors = original(self, remote_hf_model_id=remote_hf_model_id)
        for name, like in unbuilt_tensors(self.hparams, tensors).items():
            tensors[name] = lambda like=like: torch.zeros_like(tensors[like]())
        return tensors

    Gemma3NModel.index_tensors = index_tensors


def name_pre_tokenizer() -> None:
    """Name the pre-tokenizer by the family where the converter would guess it from a hash."""
    from conversion.base import TextModel  # pyright: ignore[reportMissingImports]

    original = TextModel.get_vocab_base_pre

    def get_vocab_base_pre(self: Any, tokenizer: Any) -> str:
        family = family_of(self.hparams.get("architectures") or [])
        return PRE_TOKENIZERS.get(family.name) or original(self, tokenizer)

    TextModel.get_vocab_base_pre = get_vocab_base_pre


def mend_projector() -> None:
    """Leave Gemma 3n's audio tower out, and give its layer scales the shape that libmtmd multiplies by.

    The converter can't map the audio tower's names and the runtime never uses them; it writes the scales of
    the MobileNet blocks as vectors, on which libmtmd aborts.
    """
    from conversion.gemma import Gemma3nVisionAudioModel as Projector  # pyright: ignore[reportMissingImports]

    filter_original, modify_original = Projector.filter_tensors.__func__, Projector.modify_tensors

    def filter_tensors(cls: Any, item: tuple[str, Any]) -> tuple[str, Any] | None:
        return None if is_audio(item[0]) else filter_original(cls, item)

    def modify_tensors(self: Any, data_torch: Any, name: str, bid: int | None) -> Any:
        for new_name, data in modify_original(self, data_torch, name, bid):
            vector = new_name.endswith("layer_scale.gamma") and data.dim() == 1
            yield new_name, data.reshape(1, -1, 1, 1) if vector else data

    Projector.filter_tensors = classmethod(filter_tensors)
    Projector.modify_tensors = modify_tensors


if __name__ == "__main__":
    main()
