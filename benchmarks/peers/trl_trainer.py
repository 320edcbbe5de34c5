"""TRL's SFTTrainer on a job file, with its best settings on this machine; runs in an environment of its own.

`python trl_trainer.py JOB.json RESULT.json`. Packing isolates samples by positions that begin anew; the loss is made
in tiles from the supervised positions only; gradient checkpointing, on by default, is off.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


class Clock(TrainerCallback):
    """The seconds of each optimizer step."""

    def __init__(self) -> None:
        self.begun = 0.0
        self.seconds: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.begun = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.perf_counter() - self.begun)


def main(job_file: str, result_file: str) -> None:
    """Train as the job says and write the measurements."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    torch.manual_seed(job["seed"])
    model = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32, attn_implementation="sdpa")
    clock = Clock()
    trainer = SFTTrainer(
        model,
        args=_settings(job),
        train_dataset=_dataset(job["train"]),
        eval_dataset=_dataset(job["eval"]),
        processing_class=AutoTokenizer.from_pretrained(job["base"]),
        peft_config=LoraConfig(
            r=job["rank"], lora_alpha=job["alpha"], target_modules=job["targets"], task_type="CAUSAL_LM"
        ),
        callbacks=[clock],
    )
    trainer.train()
    eval_loss = trainer.evaluate()["eval_loss"]
    result = {"step_seconds": clock.seconds, "eval_loss": eval_loss}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


def _settings(job: dict[str, Any]) -> SFTConfig:
    return SFTConfig(
        output_dir=job["scratch"],
        per_device_train_batch_size=job["rows"],
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=1,
        gradient_checkpointing=False,
        packing=True,
        packing_strategy="bfd",
        eval_packing=True,
        max_length=job["row_tokens"],
        loss_type="nll",
        num_train_epochs=job["epochs"],
        learning_rate=job["learning_rate"],
        lr_scheduler_type="constant",
        weight_decay=job["weight_decay"],
        max_grad_norm=job["clip_norm"],
        bf16=False,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        seed=job["seed"],
        disable_tqdm=True,
    )


def _dataset(samples: list[dict[str, Any]]) -> Dataset:
    return Dataset.from_list([{"input_ids": s["ids"], "labels": s["labels"]} for s in samples])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
