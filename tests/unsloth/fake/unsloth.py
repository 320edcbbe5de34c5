"""Stands in for unsloth where there is none: its two calls, by plain transformers and peft."""

from __future__ import annotations

import os
from typing import Any

import torch

__version__ = "stand-in"


class FastLanguageModel:
    """The two calls that loresmith makes."""

    @staticmethod
    def from_pretrained(name: str, *, dtype: Any, **_: Any) -> tuple[Any, None]:
        from transformers import AutoModelForCausalLM

        if said := os.environ.get("FAKE_UNSLOTH_FAILS"):
            raise ValueError(said)
        return AutoModelForCausalLM.from_pretrained(name, dtype=dtype).requires_grad_(False), None

    @staticmethod
    def get_peft_model(model: Any, *, r: int, lora_alpha: float, random_state: int, **options: Any) -> Any:
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(random_state)
        modules = options["target_modules"] + ["lm_head"] * ("FAKE_UNSLOTH_ADAPTS_THE_HEAD" in os.environ)
        config = LoraConfig(r=r, lora_alpha=lora_alpha, target_modules=modules, task_type="CAUSAL_LM")  # pyright: ignore[reportArgumentType]
        return get_peft_model(model, config)
