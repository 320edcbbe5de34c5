"""Unsloth's SFTTrainer on a job file, on the processor with its best settings there; runs in its own environment.

`python unsloth_trainer.py JOB.json RESULT.json`. On a processor it doesn't pack: a step takes the samples of a row as
one batch, padded to the longest. Its loss is made in chunks; gradient checkpointing, on by default, is off.
UNSLOTH_CPU_COMPILE=1, which compiles the layers, is not set: steps took as long with it, and every new batch size
compiles anew. It is passed on.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {"UNSLOTH_FORCE_CPU": "1", "UNSLOTH_DISABLE_STATISTICS": "1", "HF_HUB_OFFLINE": "1"}
# It changes the others as they are loaded, so it comes before them.
from unsloth import FastLanguageModel  # isort: skip

import torch
from datasets import Dataset
from torch.utils.data import SequentialSampler
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

IGNORED = -100
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


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
    longest = max(len(sample["ids"]) for sample in job["train"])
    model, tokenizer = FastLanguageModel.from_pretrained(
        job["base"], max_seq_length=longest, dtype=torch.float32, load_in_4bit=False
    )
    model = FastLanguageModel.get_peft_model(
        model, r=job["rank"], lora_alpha=job["alpha"], lora_dropout=0.0, bias="none", target_modules=TARGETS,
        use_gradient_checkpointing=False, random_state=job["seed"],
    )  # fmt: skip
    clock = Clock()
    trainer = InOrder(
        model,
        args=_settings(job),
        train_dataset=Dataset.from_list([_row([job["train"][at] for at in row]) for row in job["rows"]]),
        processing_class=tokenizer,
        data_collator=_padded,
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
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
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


def _row(samples: list[dict[str, Any]]) -> dict[str, list[list[int]]]:
    return {"ids": [sample["ids"] for sample in samples], "labels": [sample["labels"] for sample in samples]}


def _padded(rows: list[dict[str, list[list[int]]]]) -> dict[str, torch.Tensor]:
    """The samples of the one row, each padded at the right to the longest."""
    (row,) = rows
    longest = max(map(len, row["ids"]))

    def padded(lists: list[list[int]], filler: int) -> torch.Tensor:
        return torch.tensor([one + [filler] * (longest - len(one)) for one in lists])

    mask = padded([[1] * len(ids) for ids in row["ids"]], 0)
    return {
        "input_ids": padded(row["ids"], 0),
        "attention_mask": mask,
        "labels": padded(row["labels"], IGNORED),
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
