"""The stages before training: sources, base, dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loresmith.augment.balance import balanced
from loresmith.augment.derive import derived
from loresmith.base.package import packaged_model
from loresmith.families.family import Family, family_named
from loresmith.lower.conversation import Conversation, lower_scenario
from loresmith.pipeline.project import Project
from loresmith.pipeline.sources import compile_sources, read_sources
from loresmith.pipeline.stage import Built, Stage, Watcher
from loresmith.store.artefacts import Artefact
from loresmith.store.compiled import cache_of
from loresmith.store.files import sha256_of, write_atomically

CONVERSATIONS = "conversations.jsonl"
HELD_OUT = "held-out.jsonl"
"""The scenarios of the eval split as they were read: what a build's answers are judged by."""


def family_of_base(base: Artefact) -> Family:
    """The family that the base stage found."""
    return family_named(base.facts["family"])


def _lower_inputs(project: Project, _built: Built) -> dict[str, Any]:
    from loresmith.trim.english import wordfreq_version

    sources = read_sources(project.scenarios, project.root)
    recipe = project.recipe
    return {
        "sources": sources.digest,
        "tools": project.tools_digest,
        "augment": recipe.data.augment.model_dump(),
        "reply": recipe.reply.model_dump(),
        "balance": recipe.data.balance.model_dump(),
        # It tells a name's short form from a common word.
        "wordfreq": wordfreq_version() if recipe.data.augment.names else None,
    }


def _lower(project: Project, _built: Built, folder: Path, _watcher: Watcher) -> dict[str, Any]:
    sources = read_sources(project.scenarios, project.root)
    scenarios = compile_sources(sources, project.vocabulary, cache_of(project.root))
    asked, most = project.recipe.data.augment, project.recipe.reply.max_characters
    made = derived(scenarios, asked, project.vocabulary, most)
    conversations = balanced(
        [lower_scenario(scenario, project.vocabulary) for scenario in (*scenarios, *made)],
        project.recipe.data.balance,
    )
    lines = "".join(f"{conversation.model_dump_json()}\n" for conversation in conversations)
    write_atomically(folder / CONVERSATIONS, lines)
    held_out = (scenario for scenario in scenarios if scenario.split == "eval")
    write_atomically(folder / HELD_OUT, "".join(f"{scenario.model_dump_json()}\n" for scenario in held_out))
    return {"scenarios": len(scenarios), "derived": len(made)}


def _base_inputs(project: Project, _built: Built) -> dict[str, Any]:
    base = project.recipe.base
    if base.pypi:
        return {"sha256": packaged_model(base.pypi).sha256}
    if base.hub:
        return {"hub": base.hub, "revision": base.revision}
    folder = project.root / (base.path or "")
    files = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
    return {"path": base.path, "files": {path.name: sha256_of(path) for path in files}}


def _fetch_base(project: Project, _built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
    from loresmith.base.acquire import acquire_base

    family = acquire_base(project.recipe.base, project.root, folder, watcher.advance)
    return {"family": family.name, "name": project.recipe.base.name}


def _dataset_inputs(project: Project, built: Built) -> dict[str, Any]:
    return {
        "conversations": built["lower"].digest,
        "tokenizer": built["base"].files["tokenizer.json"],
        "template": family_of_base(built["base"]).template,
        "context": project.recipe.train.context,
        "limit": project.recipe.data.limit,
    }


def _build_dataset(project: Project, built: Built, folder: Path, _watcher: Watcher) -> dict[str, Any]:
    from loresmith.dataset.build import build_dataset, limited
    from loresmith.render.tokens import Tokens

    tokens = Tokens(built["base"].folder, family_of_base(built["base"]))
    with (built["lower"].folder / CONVERSATIONS).open(encoding="utf-8") as lines:
        conversations = (Conversation.model_validate_json(line) for line in lines)
        chosen = limited(conversations, project.recipe.data.limit)
        return build_dataset(chosen, tokens, project.recipe.train.context, folder)


def check_base(base: Artefact, project: Project) -> None:
    """Raise Rejected when the recipe's target can't load the base, InvalidCall when the recipe's context is longer than
    the model's or the target's."""
    from loresmith.base.acquire import read_text_config
    from loresmith.targets.target import require_context, require_loadable, target_named

    target, context = target_named(project.recipe.target), project.recipe.train.context
    kinds = tuple(output.quantize for output in project.recipe.outputs)
    require_loadable(target, base.facts["family"], kinds)
    model = int(read_text_config(base.folder)["max_position_embeddings"])
    require_context(f"{base.facts['name']} model", model, context)
    require_context(f"target {target.name}", target.max_context, context)


def _dataset_summary(artefact: Artefact) -> str:
    facts = artefact.facts
    return (
        f"{facts['train_scenarios']} train, {facts['eval_scenarios']} eval, {facts['test_scenarios']} test; "
        f"{facts['train_tokens']:,} tokens to train on, {facts['train_supervised']:,} of them supervised"
    )


LOWER = Stage(
    "lower",
    9,
    "Scenarios",
    (),
    _lower_inputs,
    _lower,
    lambda a: f"{a.facts['scenarios']} scenarios, no error; {a.facts['derived']} derived",
)
BASE = Stage(
    "base",
    2,
    "Base model",
    (),
    _base_inputs,
    _fetch_base,
    lambda a: f"{a.facts['name']} ({a.facts['family']})",
)
DATASET = Stage("dataset", 5, "Dataset", ("lower", "base"), _dataset_inputs, _build_dataset, _dataset_summary)
