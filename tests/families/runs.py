"""The back end run once on a tiny model of a family, for the tests to look at what came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from loresmith.export.gguf import export_gguf
from loresmith.families.family import Family, family_named
from loresmith.merge.adapter import merge_adapter
from loresmith.quantize.run import quantize
from loresmith.quantize.table import QuantizedFile
from loresmith.train.model import load_base
from tiny import TEXT, make_folder


@dataclass(frozen=True)
class Run:
    """Everything that one run of the back end gave."""

    family: Family
    base: Path
    adapter: Path
    merged: Path
    f16: Path
    quantized: dict[str, QuantizedFile]
    progress: list[float]
    ids: list[int]


def run_back_end(name: str, folder: Path, kinds: tuple[str, ...] = ("q8_0", "q4_k_m"), **changes: Any) -> Run:
    """Tiny base, a few steps of LoRA, merge, export, quantize."""
    return run_from(family_named(name), make_folder(name, folder / "base", **changes), folder, kinds)


def run_from(family: Family, base: Path, folder: Path, kinds: tuple[str, ...]) -> Run:
    """The same from a base that is there."""
    ids = example_ids(base)
    adapter = train_a_little(base, family, ids, folder / "adapter")
    progress: list[float] = []
    merged, f16 = folder / "merged", folder / "model-f16.gguf"
    merge_adapter(base, adapter, merged, progress.append)
    export_gguf(merged, f16, "tiny", progress.append)
    quantized = {kind: quantize(f16, folder / f"model-{kind}.gguf", kind, progress.append) for kind in kinds}
    return Run(family, base, adapter, merged, f16, quantized, progress, ids)


def example_ids(base: Path) -> list[int]:
    """Some token ids of the base's tokenizer, more than one sliding window of the tiny models."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(base / "tokenizer.json")).encode(" ".join(TEXT)).ids[:48]


def train_a_little(base: Path, family: Family, ids: list[int], destination: Path) -> Path:
    """An adapter that moved away from zero on every target module."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(5)
    config = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=family.adapter_targets,
        init_lora_weights=True,
        task_type="CAUSAL_LM",
    )
    model: Any = get_peft_model(load_base(base, family, "fp32"), config)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.02)
    tokens = torch.tensor([ids])
    for _ in range(4):
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(destination)
    return destination


def torch_logits(folder: Path, family: Family, ids: list[int]) -> torch.Tensor:
    """The folder's logits by transformers in fp32."""
    with torch.inference_mode():
        return load_base(folder, family, "fp32").eval()(torch.tensor([ids])).logits[0].float()


def llama_logits(file: Path, ids: list[int], adapter: Path | None = None) -> torch.Tensor:
    """The file's logits by llama.cpp."""
    from llama_cpp import Llama

    lora = str(adapter) if adapter else None
    model = Llama(
        model_path=str(file), n_ctx=128, logits_all=True, verbose=False, n_gpu_layers=0, lora_path=lora
    )
    model.eval(ids)
    logits = torch.tensor(model.scores[: len(ids)].copy())
    model.close()
    return logits
