"""Trimming the base's vocabulary, and what comes after it seeing the trimmed folder as the base."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from loresmith.families.family import Family
from loresmith.lower.conversation import Conversation, Message
from loresmith.pipeline.front_stages import CONVERSATIONS, family_of_base
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Built, Stage, Watcher
from loresmith.render.prompt import render_prompt
from loresmith.store.artefacts import Artefact
from loresmith.store.files import json_lines, write_atomically

REPORT = "trim-report.json"
MEASURED_TEXTS, MEASURED_CHARACTERS = 6, 800
"""Held-out scenarios whose bits a byte are measured, and how much of each: seconds for a small base."""


def rewired(stage: Stage, names: Mapping[str, str]) -> Stage:
    """The stage with other artefacts in the place of those it asks for: asked name -> given name."""

    def seen(built: Built) -> Built:
        return {**built, **{asked: built[given] for asked, given in names.items() if asked in stage.needs}}

    def inputs(project: Project, built: Built) -> dict[str, Any]:
        return stage.inputs(project, seen(built))

    def make(project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
        return stage.make(project, seen(built), folder, watcher)

    return replace(
        stage, needs=tuple(names.get(need, need) for need in stage.needs), inputs=inputs, make=make
    )


def _trim_inputs(project: Project, built: Built) -> dict[str, Any]:
    from loresmith.trim.english import wordfreq_version

    vocabulary = project.recipe.vocabulary
    return {
        "base": built["base"].digest,
        "conversations": built["lower"].digest,
        "tools": project.tools_digest,
        "template": family_of_base(built["base"]).template,
        "vocabulary": vocabulary.model_dump(),
        "wordfreq": wordfreq_version() if vocabulary.trim == "english" else None,
    }


def _trim(project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
    from loresmith.trim.fidelity import fidelity
    from loresmith.trim.folder import choose_tokens, write_trimmed
    from loresmith.trim.needed import Wanted
    from loresmith.trim.proof import require_same_logits, require_same_reading
    from loresmith.trim.savings import savings

    base, family = built["base"].folder, family_of_base(built["base"])
    conversations = _conversations(built["lower"])
    texts = [render_prompt(family, c.messages, reply_next=False) for c in conversations]
    wanted = Wanted(texts, _template_texts(family), tool_words(project))
    kept = choose_tokens(base, family, wanted, project.recipe.vocabulary)
    watcher.advance(0.4)
    made = write_trimmed(base, folder, family, kept, lambda done: watcher.advance(0.4 + done * 0.2))
    report = savings(base, made) | {"same_reading": require_same_reading(base, folder, made, texts)}
    watcher.advance(0.7)
    measured = fidelity(base, folder, family, made.numbering, _held_out(family, conversations))
    require_same_logits(measured.max_logit_difference)
    report |= measured.model_dump()
    write_atomically(folder / REPORT, json.dumps(report, indent=2) + "\n")
    return built["base"].facts | report


def check_cut(artefact: Artefact, project: Project) -> None:
    """Raise Rejected where an output of a known base is sure to miss its budget with what is left of the vocabulary."""
    from loresmith.plan.known_bases import known_base
    from loresmith.quantize.budget import require_cut_fits
    from loresmith.quantize.predict import predicted_bytes

    base, facts = known_base(project.recipe.base), artefact.facts
    if not base:
        return
    gone = round(base.vocabulary * (1 - facts["tokens_after"] / facts["tokens_before"]))
    for output in project.recipe.outputs:
        if size := predicted_bytes(base.sizes, output.quantize):
            text = facts["vocabulary_bytes_saved"]
            require_cut_fits(output.quantize, size, gone, text, output.max_bytes)


def _conversations(lower: Artefact) -> list[Conversation]:
    return [Conversation.model_validate_json(line) for line in json_lines(lower.folder / CONVERSATIONS)]


def _template_texts(family: Family) -> list[str]:
    """The template around messages of every role."""
    said = [Message(role=role, content="x") for role in ("system", "user", "assistant", "user")]
    return [render_prompt(family, said, reply_next=True), render_prompt(family, said[1:], reply_next=True)]


def tool_words(project: Project) -> list[str]:
    """The names of the tools, their parameters and their choices."""
    vocabulary = project.vocabulary
    listed = {choice for choices in vocabulary.lists.values() for choice in choices}
    parameters = {p.name for tool in vocabulary.tools for p in tool.parameters}
    return sorted(vocabulary.names | vocabulary.labels | listed | parameters)


def _held_out(family: Family, conversations: Sequence[Conversation]) -> list[str]:
    """The beginnings of some conversations that aren't trained on."""
    chosen = [c for c in conversations if c.split != "train"][:MEASURED_TEXTS]
    return [render_prompt(family, c.messages, reply_next=False)[:MEASURED_CHARACTERS] for c in chosen]


def _trim_summary(artefact: Artefact) -> str:
    facts = artefact.facts
    change = facts["bits_per_byte_after"] / facts["bits_per_byte_before"] - 1
    return (
        f"{facts['tokens_after']:,} of {facts['tokens_before']:,} tokens; "
        f"bits a byte of held-out scenarios {change:+.2%}"
    )


TRIM = Stage(
    "trim", 2, "Vocabulary", ("lower", "base"), _trim_inputs, _trim, _trim_summary, unkeyed=(REPORT,)
)
