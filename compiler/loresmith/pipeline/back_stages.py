"""Export, quantization and validation, once for the tuned model and once for the untouched base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loresmith.diagnostics.failure import Rejected
from loresmith.engine.state import GameState
from loresmith.ir.scenario import Scenario
from loresmith.pipeline.front_stages import HELD_OUT, family_of_base
from loresmith.pipeline.project import Project
from loresmith.pipeline.stage import Built, Stage, Watcher
from loresmith.recipe.schema import Output
from loresmith.render.tokens import Sample
from loresmith.store.artefacts import Artefact

F16 = "model-f16.gguf"
MODEL = "model.gguf"
IMPORTANCE = "importance.safetensors"
MOMENTS = "moments.safetensors"
CALIBRATION_SCENARIOS = 32
"""Scenarios of the train split that importance matrix and moments are measured on: some 43,000 tokens, which the 270M
reads in three and a half minutes on two cores without bf16."""
COMPARED_POSITIONS = 400
"""Supervised positions of the eval split at which a quantized file is compared with f16."""
EXPORT_POSITIONS = 100
"""The same for the f16 file and the weights it was made from."""
MAX_EXPORT_DIVERGENCE = 0.01
"""Mean KL divergence, in nats, above which an export isn't the same model; rounding to f16 gives a thousandth of it."""


def export_stage(name: str, title: str, weights: str, *, compared: bool) -> Stage:
    """The stage that writes the f16 GGUF of the folder that stage `weights` made.

    With `compared` the two are run side by side. The untouched base isn't: it doesn't depend on the dataset,
    and the tuned model shows whether its kind of model survives the export.
    """

    def named(project: Project) -> str:
        return project.recipe.name if compared else project.recipe.base.name

    def inputs(project: Project, built: Built) -> dict[str, Any]:
        held_out = {"dataset": built["dataset"].digest} if compared else {}
        return {"weights": built[weights].digest, "name": named(project)} | held_out

    def make(project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
        from loresmith.export.gguf import export_gguf

        source, f16 = built[weights].folder, folder / F16
        export_gguf(source, f16, named(project), _first(watcher, 0.7))
        facts: dict[str, Any] = {"bytes": f16.stat().st_size}
        if compared:
            report = _rest(watcher, 0.7)
            facts["divergence"] = _divergence(source, f16, built["dataset"], EXPORT_POSITIONS, report)
            _require_same_model(facts["divergence"])
        return facts

    needs = (weights, "dataset") if compared else (weights,)
    return Stage(name, 2, title, needs, inputs, make, _export_summary)


def _require_same_model(divergence: dict[str, Any]) -> None:
    if divergence["mean"] > MAX_EXPORT_DIVERGENCE:
        raise Rejected(
            f"The exported file doesn't say what the weights say: mean KL divergence {divergence['mean']:.4f} nats.",
            remedy="Run the same command again; if it stays so, report it with your recipe.",
        )


def _export_summary(artefact: Artefact) -> str:
    facts = artefact.facts
    text = f"{facts['bytes']:,} bytes, f16"
    return (
        f"{text}; KL to the weights {facts['divergence']['mean']:.6f} nats" if "divergence" in facts else text
    )


def _first(watcher: Watcher, end: float) -> Callable[[float], None]:
    """A report for the first part of a stage, which ends at `end`."""
    return lambda done: watcher.advance(done * end)


def _rest(watcher: Watcher, begun: float) -> Callable[[float], None]:
    """A report for the last part of a stage, which begins at `begun`."""
    return lambda done: watcher.advance(begun + done * (1 - begun))


def importance_stage(name: str, title: str, weights: str) -> Stage:
    """The stage that measures what the layers of the folder that stage `weights` made are multiplied by: the importance
    matrix and the moments."""

    def inputs(_project: Project, built: Built) -> dict[str, Any]:
        return {"weights": built[weights].digest, "dataset": built["dataset"].digest}

    def make(_project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
        from loresmith.dataset.build import few_samples
        from loresmith.quantize.importance import measure_importance, read_importance

        samples = few_samples(built["dataset"].folder, "train", CALIBRATION_SCENARIOS)
        sequences = [sample.ids for sample in samples]
        measure_importance(
            built[weights].folder, sequences, folder / IMPORTANCE, watcher.advance, folder / MOMENTS
        )
        tensors = len(read_importance(folder / IMPORTANCE))
        return {"scenarios": len(samples), "tokens": sum(map(len, sequences)), "tensors": tensors}

    return Stage(name, 2, title, (weights, "dataset"), inputs, make, _importance_summary)


def _importance_summary(artefact: Artefact) -> str:
    facts = artefact.facts
    return f"{facts['tensors']} tensors, over {facts['tokens']:,} tokens of {facts['scenarios']} scenarios"


def quantize_stage(
    name: str, title: str, source: str, output: Output, *, budget: bool, importance: str | None
) -> Stage:
    """The stage that quantizes the f16 file of stage `source`, by the importance matrix and the moments of stage
    `importance` if one is given, checks its budget and measures its divergence."""

    def inputs(_project: Project, built: Built) -> dict[str, Any]:
        own = {"source": built[source].digest, "kind": output.quantize}
        compared = {"dataset": built["dataset"].digest} if budget else {}
        return own | compared | ({"importance": built[importance].digest} if importance else {})

    def make(_project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
        from loresmith.quantize.run import quantize

        f16 = built[source].folder / F16
        led_by = [built[importance].folder / name for name in (IMPORTANCE, MOMENTS)] if importance else []
        part = (0.6 if importance else 0.3) if budget else 1.0
        made = quantize(f16, folder / MODEL, output.quantize, _first(watcher, part), *led_by)
        facts = made.model_dump(mode="json", exclude={"path"})
        report = _rest(watcher, part)
        divergence = {}
        if budget:
            divergence = _divergence(f16, folder / MODEL, built["dataset"], COMPARED_POSITIONS, report)
        return facts | {"kind": output.quantize, "divergence": divergence}

    needs = (source, *(["dataset"] if budget else []), *([importance] if importance else []))
    return Stage(name, 2, title, needs, inputs, make, lambda a: _quantize_summary(a, output))


def check_budget(artefact: Artefact, output: Output, project: Project) -> None:
    """Raise Rejected when the file's real bytes exceed the output's budget, with what would fit."""
    from loresmith.plan.known_bases import known_base
    from loresmith.quantize.budget import require_fits

    base = known_base(project.recipe.base)
    whole = base.sizes if base and not project.recipe.vocabulary.is_trimmed else None
    require_fits(output.quantize, artefact.facts["bytes"], output.max_bytes, whole)


def check_divergence(artefact: Artefact, project: Project) -> None:
    """Raise Rejected when quantization moved the model further from f16 than the recipe allows."""
    mean, allowed = artefact.facts["divergence"]["mean"], project.recipe.validate_.max_divergence
    if mean > allowed:
        raise Rejected(
            f"The {artefact.facts['kind']} file differs too much from f16: "
            f"mean KL divergence {mean:.3f} nats, allowed {allowed:g}.",
            remedy="Choose a finer quantization (q8_0), or raise validate.max_divergence.",
        )


def _divergence(
    reference: Path, candidate: Path, dataset: Artefact, limit: int, report: Callable[[float], None]
) -> dict[str, Any]:
    from loresmith.dataset.build import read_samples
    from loresmith.quantize.divergence import divergence

    sequences, positions = compared_positions(read_samples(dataset.folder, "eval"), limit)
    return divergence(reference, candidate, sequences, positions, report).model_dump(mode="json")


def compared_positions(samples: Sequence[Sample], limit: int) -> tuple[list[list[int]], list[list[int]]]:
    """Sequences and, in each, the positions whose logits predict a supervised token; up to the limit in all."""
    sequences, positions = list[list[int]](), list[list[int]]()
    left = limit
    for sample in samples:
        chosen = [c - 1 for start, end in sample.spans for c in range(start, end)][:left]
        if chosen:
            sequences.append(list(sample.ids[: chosen[-1] + 1]))
            positions.append(chosen)
            left -= len(chosen)
    return sequences, positions


def _quantize_summary(artefact: Artefact, output: Output) -> str:
    facts = artefact.facts
    text = f"{facts['bytes']:,} bytes of {output.max_bytes:,}, {facts['bits_per_weight']:.2f} bits a weight"
    rounding = facts["compensation"]
    if rounding and rounding["tensors"]:
        text += f"; layers' error {rounding['compensated']:.3%} (rounded singly {rounding['nearest']:.3%})"
    if not facts["divergence"]:
        return text
    measured = facts["divergence"]
    return f"{text}; KL to f16 {measured['mean']:.4f} nats, top-1 agreement {measured['top1_agreement']:.1%}"


def answers_stage(name: str, title: str, source: str) -> Stage:
    """The stage that plays the eval split's prompts with the file of stage `source` and judges the answers."""

    def inputs(project: Project, built: Built) -> dict[str, Any]:
        return {
            "model": built[source].digest,
            "dataset": built["dataset"].digest,
            "held_out": built["lower"].files[HELD_OUT],
            "max_new_tokens": project.recipe.validate_.max_new_tokens,
            "scenarios": project.recipe.validate_.scenarios,
            "most_characters": project.recipe.reply.max_characters,
            "tools": project.tools_digest,
        }

    def make(project: Project, built: Built, folder: Path, watcher: Watcher) -> dict[str, Any]:
        return _judge(project, built, built[source].folder / MODEL, folder, watcher)

    return Stage(name, 11, title, (source, "dataset", "lower", "base"), inputs, make, _answers_summary)


def _judge(project: Project, built: Built, model: Path, folder: Path, watcher: Watcher) -> dict[str, Any]:
    from loresmith.dataset.build import first_by_hash, read_samples
    from loresmith.environment.accelerator import detect_accelerator
    from loresmith.store.files import write_atomically
    from loresmith.validate.answers import prompts_of, require_same_prompts
    from loresmith.validate.evaluate import evaluate

    samples = first_by_hash(read_samples(built["dataset"].folder, "eval"), project.recipe.validate_.scenarios)
    prompts = prompts_of(samples, _states_of(project, built["lower"], samples))
    layers = 0 if detect_accelerator().kind == "cpu" else -1
    evaluated = evaluate(
        model.name, model, prompts, project.vocabulary, project.recipe.validate_.max_new_tokens, layers,
        watcher.advance, constrained=False, most_characters=project.recipe.reply.max_characters,
    )  # fmt: skip
    require_same_prompts(family_of_base(built["base"]), samples, prompts, evaluated.answers)
    judged = "".join(f"{judgement.model_dump_json()}\n" for judgement in evaluated.judgements)
    write_atomically(folder / "judgements.jsonl", judged)
    parts = {"scores": evaluated.scores, "speed": evaluated.speed, "fidelity": evaluated.fidelity}
    return {name: part.model_dump() for name, part in parts.items()}


def _states_of(project: Project, lower: Artefact, samples: Sequence[Sample]) -> dict[str, list[GameState]]:
    """The game's states before each DM message of the samples' scenarios, by their ids."""
    from loresmith.store.files import json_lines
    from loresmith.validate.game_states import states_before

    wanted = {sample.id for sample in samples}
    scenarios = map(Scenario.model_validate_json, json_lines(lower.folder / HELD_OUT))
    return {s.id: states_before(s, project.vocabulary) for s in scenarios if s.id in wanted}


def _answers_summary(artefact: Artefact) -> str:
    from loresmith.validate.text import percent

    scores = artefact.facts["scores"]
    return (
        f"well-formed call in {percent(scores['call_valid'])} of {scores['replies_with_call']} replies that need "
        f"one, exactly the reference's in {percent(scores['exact'])}; "
        f"false calls in {percent(scores['false_call'])} of the others"
    )
