"""How long a recipe's training will take here: from its own pace where it was begun, else predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from loresmith.environment.processor import multiplies_bf16
from loresmith.pipeline.build import StageState
from loresmith.pipeline.project import Project
from loresmith.plan.estimate import Work, measured_flops, training_seconds
from loresmith.plan.feasibility import has_gpu
from loresmith.plan.known_bases import KnownBase, known_base
from loresmith.store.artefacts import Artefact
from loresmith.store.files import files_below
from loresmith.train.metrics import Pace, pace_in

TRAINED_SHARE = 0.8
"""The part of the scenarios that the train split gets."""
BYTES_PER_SAMPLE_TOKEN = 2.6
"""Of a scenario's file, for a token of its sample, which lists the tools too: the shipped library's, before the dataset
is built."""
SUPERVISED_SHARE = 0.34
"""The part of a sample's tokens that the DM says: the shipped library's."""
REPLY_TOKENS = 20_000
"""Different tokens in the replies of a dataset: about the shipped library's."""


@dataclass(frozen=True)
class TrainingTime:
    """Seconds that training takes, or, begun, what is left of it; then `pace` says where it stands. `upper`: it takes
    less where the processor multiplies bf16, which only torch can tell."""

    seconds: float
    pace: Pace | None = None
    upper: bool = False


def training_time(project: Project, states: list[StageState]) -> TrainingTime | None:
    """The time of the recipe's training; None where it is built, on a GPU, and for a base that isn't in the table."""
    artefacts = {state.stage.name: state.artefact for state in states}
    if artefacts["train"]:
        return None
    begun = next(state.begun for state in states if state.stage.name == "train")
    if begun and (pace := pace_in(begun)):
        return TrainingTime(_seconds_left(project, artefacts["dataset"], pace), pace)
    base = known_base(project.recipe.base)
    if base is None or has_gpu():
        return None
    asked = project.recipe.train.precision
    native = False if asked == "fp32" else multiplies_bf16()
    work = _work(project, base, artefacts["dataset"], artefacts.get("trim"))
    seconds = training_seconds(base, work, measured_flops(), bf16=bool(native))
    return TrainingTime(seconds, upper=native is None)


def _seconds_left(project: Project, dataset: Artefact | None, pace: Pace) -> float:
    """The time of the steps that are left and of their evaluations, which take half as long for a scenario: they go
    forward alone."""
    train = project.recipe.train
    held_out = min(train.eval_scenarios, dataset.facts["eval_scenarios"]) if dataset else train.eval_scenarios
    evaluations = math.ceil(pace.steps / train.eval_every) - pace.step // train.eval_every
    steps = pace.steps - pace.step + evaluations * held_out / (2 * train.batch_size)
    return steps * pace.seconds


def _work(project: Project, base: KnownBase, dataset: Artefact | None, trim: Artefact | None) -> Work:
    scenarios, tokens, supervised = _epoch(project, dataset)
    train = project.recipe.train
    epochs = float(train.epochs)
    if train.max_steps and scenarios:
        epochs = min(epochs, train.max_steps * train.batch_size / scenarios)
    return Work(epochs * tokens, epochs * supervised, _kept(train.sampled_softmax, base, trim))


def _kept(drawn: int | None, base: KnownBase, trim: Artefact | None) -> float:
    """The part of the vocabulary that a supervised token is told from."""
    kept = trim.facts["tokens_after"] if trim else base.tokens
    return min(kept, REPLY_TOKENS + drawn if drawn else kept) / base.tokens


def _epoch(project: Project, dataset: Artefact | None) -> tuple[float, float, float]:
    """Scenarios, tokens and supervised tokens of an epoch: the dataset's, or told from the files."""
    if dataset:
        facts = dataset.facts
        return facts["train_scenarios"], facts["train_tokens"], facts["train_supervised"]
    sizes = [path.stat().st_size for path in files_below(project.scenarios, ".md")]
    taken = min(TRAINED_SHARE * len(sizes), project.recipe.data.limit or len(sizes))
    scenarios = taken * (1 + project.recipe.data.augment.copies)
    tokens = scenarios * sum(sizes) / max(1, len(sizes)) / BYTES_PER_SAMPLE_TOKEN
    return scenarios, tokens, tokens * SUPERVISED_SHARE
