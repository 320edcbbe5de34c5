"""Training and merging."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loresmith.diagnostics.failure import Rejected
from loresmith.pipeline.engines import trainer_of
from loresmith.pipeline.front_stages import family_of_base
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Built, Stage, Watcher
from loresmith.recipe.train import Train
from loresmith.store.artefacts import Artefact, key_of
from loresmith.store.files import write_atomically

if TYPE_CHECKING:
    from loresmith.train.cluster import Cluster
    from loresmith.train.member import Request

_UNKEYED_FIELDS = {"incremental", "checkpoint_every", "context", "activation_checkpointing"}
"""Train fields that don't change the weights; the context already decides what is in the dataset."""
_DEFAULTS = {"targets": None, "engine": "torch"}

MIN_MERGE_CORRELATION = 0.9999


def train_settings(train: Train) -> dict[str, Any]:
    """The settings that change the weights. `targets` and `engine` count where they are set to something else: before
    there were these keys, a recipe without them meant the same."""
    defaults = {name for name in ("targets", "engine") if getattr(train, name) == _DEFAULTS[name]}
    unkeyed = _UNKEYED_FIELDS | defaults
    return train.model_dump(mode="json", exclude=unkeyed)


def _train_inputs(project: Project, built: Built) -> dict[str, Any]:
    train = project.recipe.train
    own: dict[str, Any] = {
        "base": built["base"].digest,
        "dataset": built["dataset"].digest,
        "train": train_settings(train),
    }
    last = last_adapter(project)
    if last is None or not train.incremental:
        return own | {"parent": None}
    if last.inputs | {"parent": None} == own | {"parent": None}:
        return dict(last.inputs)
    fits = last.inputs["base"] == own["base"] and last.inputs["train"]["rank"] == train.rank
    fits = fits and last.inputs["train"].get("targets") == own["train"].get("targets")
    return own | {"parent": last.key if fits else None}


def last_adapter(project: Project) -> Artefact | None:
    """The adapter that this recipe's last finished training gave, if its artefact is still there."""
    try:
        key = json.loads(_pointer(project).read_text(encoding="utf-8"))["key"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return project.store.find("train", str(key))


def remember_adapter(project: Project, artefact: Artefact) -> None:
    """Make this adapter the one that the recipe's next incremental training starts from."""
    content = json.dumps({"key": artefact.key})
    pointer = _pointer(project)
    if not pointer.exists() or pointer.read_text(encoding="utf-8") != content:
        write_atomically(pointer, content)


def _pointer(project: Project) -> Path:
    return project.store.root / "train" / f"last-{project.recipe.name}.json"


def _train(project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
    parent_key = _train_inputs(project, built)["parent"]
    parent = project.store.find("train", parent_key) if parent_key else None
    if project.recipe.train.incremental and not parent and last_adapter(project):
        watcher.note("Trains from zero: the last adapter is of another base or vocabulary, rank or targets.")
    start = parent.folder if parent else None
    if project.cluster:
        facts = _train_in_cluster(project, project.cluster, built, start, folder, watcher)
    else:
        train = trainer_of(project, built["base"], built["dataset"], watcher.note)
        facts = train(project.recipe.train, start, folder, watcher.measure)
    return facts | {"parent": parent_key, "recipe_digest": recipe_digest(project)}


def _train_in_cluster(
    project: Project, cluster: Cluster, built: Built, parent: Path | None, folder: Path, watcher: Watcher
) -> dict[str, Any]:
    """Train the recipe in the cluster's processes, from the adapter folder `parent`; gives the run's facts.

    `folder` counts on the first machine alone, as does `parent`. Raises what `launch_training` raises.
    """
    from loresmith.train.launch import launch_training

    base, dataset = built["base"], built["dataset"]
    same = {"base": base.digest, "dataset": dataset.digest, "train": train_settings(project.recipe.train)}

    def request(answers: Path) -> Request:
        from loresmith.train.member import Request

        return Request(
            base=base.folder,
            family=family_of_base(base).name,
            dataset=dataset.folder,
            train=project.recipe.train,
            parent=parent,
            folder=folder,
            answers=answers,
            key=key_of("train", TRAIN.version, same),
            cpu=cluster.cpu,
            processes=cluster.processes,
        )

    return launch_training(cluster, request, watcher.measure, watcher.note)


def recipe_digest(project: Project) -> str:
    """The sha256 of the whole recipe, its defaults written out."""
    return hashlib.sha256(project.recipe.model_dump_json(by_alias=True).encode()).hexdigest()


def _train_summary(artefact: Artefact) -> str:
    facts = artefact.facts
    early = ", stopped early" if facts["stopped_early"] else ""
    return (
        f"{facts['steps']} steps{early}; eval loss {facts['best_eval_loss']:.3f} at step {facts['best_step']}"
    )


def _merge_inputs(_project: Project, built: Built) -> dict[str, Any]:
    return {"base": built["base"].digest, "adapter": built["train"].digest}


def _merge(_project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
    from loresmith.dataset.build import read_samples
    from loresmith.merge.adapter import merge_adapter
    from loresmith.merge.check import compare_logits

    base, adapter = built["base"].folder, built["train"].folder
    merge_adapter(base, adapter, folder, lambda done: watcher.advance(done * 0.5))
    sample = read_samples(built["dataset"].folder, "eval")[0]
    agreement = compare_logits(base, adapter, folder, list(sample.ids[:256]))
    if agreement.correlation < MIN_MERGE_CORRELATION:
        raise Rejected(
            f"The merged weights don't do what base and adapter do together "
            f"(correlation {agreement.correlation:.6f}).",
            remedy="Run the same command again; if it stays so, report it with your recipe.",
        )
    return {"correlation": agreement.correlation}


TRAIN = Stage(
    "train",
    1,
    "Training",
    ("base", "dataset"),
    _train_inputs,
    _train,
    _train_summary,
    resumable=True,
    unkeyed=("metrics.jsonl",),
)
MERGE = Stage(
    "merge",
    1,
    "Merging",
    ("base", "train", "dataset"),
    _merge_inputs,
    _merge,
    lambda a: f"logits agree with base and adapter (correlation {a.facts['correlation']:.6f})",
)
