"""TRL's SFTTrainer on a job file, with its best settings on this machine; runs in an environment of its own.

`python trl_trainer.py JOB.json RESULT.json`. It is given packed rows with the lengths of their samples, as its own
packing makes them, which it isolates by positions that begin anew; the loss is made in tiles from the supervised
positions only; gradient checkpointing, on by default, is off.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from torch.utils.data import SequentialSampler
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

IGNORED = -100


class Clock(TrainerCallback):
    """The seconds of each optimizer step."""

    def __init__(self) -> None:
        self.begun = 0.0
        self.seconds: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.begun = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.perf_counter() - self.begun)


class InOrder(SFTTrainer):
    """Takes the rows in the order in which they are given."""

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        return SequentialSampler(train_dataset or self.train_dataset)


def main(job_file: str, result_file: str) -> None:
    """Train as the job says and write the measurements."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    model = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32, attn_implementation="sdpa")
    torch.manual_seed(job["seed"])
    model = get_peft_model(
        model,
        LoraConfig(
            r=job["rank"], lora_alpha=job["alpha"], target_modules=job["targets"], task_type="CAUSAL_LM"
        ),
    )
    clock = Clock()
    trainer = InOrder(
        model,
        args=_settings(job),
        train_dataset=Dataset.from_list([_row([job["train"][at] for at in row]) for row in job["rows"]]),
        processing_class=AutoTokenizer.from_pretrained(job["base"]),
        callbacks=[clock],
    )
    trainer.train()
    result = {"step_seconds": clock.seconds, "eval_loss": _mean_loss(trainer.model, job["eval"])}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")


def _mean_loss(model: Any, samples: list[dict[str, Any]]) -> float:
    """The mean cross-entropy of all supervised tokens, each sample by itself."""
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for sample in samples:
            ids, labels = torch.tensor([sample["ids"]]), torch.tensor(sample["labels"])
            logits = model(input_ids=ids).logits[0, :-1]
            total += torch.nn.functional.cross_entropy(logits, labels[1:], reduction="sum").item()
            count += int((labels != IGNORED).sum())
    return total / count


def _settings(job: dict[str, Any]) -> SFTConfig:
    return SFTConfig(
        output_dir=job["scratch"],
        per_device_train_batch_size=1,
        gradient_accumulation_steps=1,
        gradient_checkpointing=False,
        padding_free=True,
        max_length=None,
        loss_type="chunked_nll",
        num_train_epochs=1,
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


def _row(samples: list[dict[str, Any]]) -> dict[str, list[int]]:
    return {
        "input_ids": [i for sample in samples for i in sample["ids"]],
        "labels": [label for sample in samples for label in sample["labels"]],
        "seq_lengths": [len(sample["ids"]) for sample in samples],
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
