"""`loresmith eval`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from loresmith.commands.choice import chosen_project
from loresmith.commands.evaluation_report import write_evaluation
from loresmith.commands.questions import Questions, ask, score_references
from loresmith.commands.watchers import watcher_for
from loresmith.deliver.chosen import chosen_model_file
from loresmith.deliver.versions import versions_of
from loresmith.diagnostics.failure import InvalidCall, Rejected
from loresmith.pipeline.project import Project
from loresmith.store.files import require_writable
from loresmith.validate.evaluate import Evaluated
from loresmith.validate.fidelity import KINDS, Fidelity
from loresmith.validate.metrics import METRICS
from loresmith.validate.score import GROUP_COLUMNS, Group
from loresmith.validate.text import percent, percent_within

if TYPE_CHECKING:
    from loresmith.validate.free_play import FreePlay

Way = Literal["true history", "free play", "fidelity"]
"""How a model is judged: by its replies to the true history, by its own game, by what it finds likely."""
SEED = 1
"""Of the dice in free play."""


def evaluate_model(
    name: str | None,
    root: Path,
    model: str | None,
    questions: Questions,
    way: Way,
    seed: int | None,
    report: Path | None = None,
    *,
    as_json: bool,
) -> int:
    """Judge a model file on what is asked in one of three ways and print the scores; gives exit code 0.

    `seed` is that of the dice in free play, SEED without one, `report` the folder for a page. Raises InvalidCall for a
    page of a way that has none, for a grammar where nothing is written, and for a seed where nothing is rolled.
    """
    _require_sense(questions, way, seed, report)
    questions.require_split()
    project, _ = chosen_project(name, root)
    file = chosen_model_file(model, project.models) if model else _newest(project)
    if way == "free play":
        chosen = SEED if seed is None else seed
        return _evaluate_freely(project, file, questions, chosen, as_json=as_json)
    if way == "fidelity":
        return _evaluate_fidelity(project, file, questions, as_json=as_json)
    prompts = questions.prompts(project)
    if report:
        require_writable(report)
    with watcher_for(sys.stderr, quiet=as_json) as watcher:
        evaluated = ask(project, file.name, file, prompts, questions, watcher)
    if as_json:
        _print_json(project, file, questions, content_of(evaluated))
    else:
        print(_text(evaluated, questions.manner))
    if report:
        page = write_evaluation(report, project, file, evaluated, _asked(project, questions))
        print(f"Report: {page}", file=sys.stderr)
    return 0


def _require_sense(questions: Questions, way: Way, seed: int | None, report: Path | None) -> None:
    """Raises InvalidCall where an option has nothing to say of the way."""
    if report and way != "true history":
        raise InvalidCall(
            f"There is no page of {way}.", remedy="Leave out --report, or the way: --json has it all."
        )
    if questions.constrained and way == "fidelity":
        raise InvalidCall(
            "Fidelity scores what is already written; no grammar can change it.",
            remedy="Leave out --grammar.",
        )
    if seed is not None and way != "free play":
        raise InvalidCall(
            "--seed is that of the dice in free play; here nothing is rolled.",
            remedy="Leave out --seed, or add --free-play.",
        )


def _print_json(project: Project, file: Path, questions: Questions, content: dict[str, Any]) -> None:
    print(json.dumps({"model": file.name} | questions.content(project) | content, indent=2))


def _asked(project: Project, questions: Questions) -> dict[str, str | int]:
    """What was asked, for the page."""
    grammar = "calls of the vocabulary alone" if questions.constrained else "none"
    limit = {"scenarios at most": questions.limit} if questions.limit else {}
    return {"recipe": project.recipe.name, "asked": questions.asked, **limit, "grammar": grammar}


def _evaluate_freely(project: Project, file: Path, questions: Questions, seed: int, *, as_json: bool) -> int:
    from loresmith.validate.free_play import play_freely

    scenarios = questions.scenarios(project)
    limit, context = project.recipe.validate_.max_new_tokens, project.recipe.train.context
    title = f"Playing with {file.name}"
    with watcher_for(sys.stderr, quiet=as_json) as watcher:
        watcher.stage_begins(title)
        play = play_freely(
            file, scenarios, project.vocabulary, seed, context, limit, watcher.advance,
            constrained=questions.constrained, most_characters=project.recipe.reply.max_characters,
        )  # fmt: skip
        watcher.stage_ends(title, f"{play.messages} messages")
    if as_json:
        _print_json(project, file, questions, {"seed": seed} | play.model_dump())
    else:
        print(_free_text(play, file.name, f"{questions.manner}, dice by seed {seed}"))
    return 0


def _free_text(play: FreePlay, name: str, asked: str) -> str:
    from loresmith.validate.free_play import LABELS

    refusals = ", ".join(f"{kind} {count}" for kind, count in play.refusals.items()) or "none"
    return "\n".join(
        (
            f"{name} in free play on {asked}: {play.scenarios} scenarios, {play.messages} messages, "
            f"{play.calls} calls. A message… (with 95% intervals)",
            *(
                f"  {label:44}{percent_within(getattr(play, key), play.intervals[key]):>18}"
                for key, label in LABELS.items()
            ),
            f"  different words {percent(play.distinct_1)}, different pairs of words {percent(play.distinct_2)}",
            f"  refused calls: {refusals}",
            *_unheard(play),
        )
    )


def _unheard(play: FreePlay) -> list[str]:
    """What the context had no room for; nothing where it held all."""
    told = [
        f"{play.forgotten} messages were answered without the oldest turns" if play.forgotten else "",
        f"{play.unplayed} of the player's turns were left out" if play.unplayed else "",
    ]
    said = " and ".join(filter(None, told))
    return [f"  the context was full: {said}"] if said else []


def _evaluate_fidelity(project: Project, file: Path, questions: Questions, *, as_json: bool) -> int:
    prompts = questions.prompts(project)
    with watcher_for(sys.stderr, quiet=as_json) as watcher:
        found = score_references(file.name, file, prompts, watcher)
    if as_json:
        _print_json(project, file, questions, found.model_dump())
    else:
        print("\n".join((f"{file.name} on {questions.asked}", *_fidelity_lines(found))))
    return 0


def _fidelity_lines(found: Fidelity) -> list[str]:
    return [
        f"  perplexity of the reference's {found.replies} replies, a token: {found.perplexity:.1f} "
        f"({found.bits_per_byte:.3f} bits a byte)",
        "  the reference's reply is likelier after the true result than after its opposite; the model…",
        *(
            f"  {label:56}{percent_within(told.share, told.interval):>18}   of {told.replies}"
            for label, told in ((label, getattr(found, kind)) for kind, label in KINDS.items())
        ),
    ]


def _newest(project: Project) -> Path:
    name = project.recipe.name
    if not versions_of(project.models / name):
        raise Rejected(
            f"No version of the recipe {name} has been delivered.",
            remedy=f"Run: loresmith train {name}; or name a file with --model.",
        )
    return chosen_model_file(name, project.models)


def content_of(evaluated: Evaluated) -> dict[str, Any]:
    """What a machine reads of an evaluated model."""
    parts = {"fidelity": evaluated.fidelity, "speed": evaluated.speed}
    return evaluated.scores.model_dump() | {name: part.model_dump() for name, part in parts.items()}


def _text(evaluated: Evaluated, asked: str) -> str:
    scores, speed = evaluated.scores, evaluated.speed
    width = max(len(metric.label) for metric in METRICS)
    lines = [
        f"{evaluated.name} on {asked}: {scores.replies} replies, {scores.replies_with_call} with a call. "
        "A reply… (with 95% intervals)",
        *(
            f"  {metric.label:{width}}{percent_within(getattr(scores, metric.key), scores.intervals[metric.key]):>18}"
            f"   {metric.note}"
            for metric in METRICS
        ),
        f"  different words {percent(scores.distinct_1)}, different pairs of words {percent(scores.distinct_2)}",
        "",
        "  what went wrong: " + ", ".join(f"{kind} {count}" for kind, count in scores.failures.items()),
        *_group_lines("by tool", scores.by_tool),
        *_group_lines("by category", scores.by_category),
        "",
        *_fidelity_lines(evaluated.fidelity),
        "",
        f"  {speed.first_token_seconds:.2f} s to the first token (median); "
        f"{speed.prompt_tokens_per_second:.0f} prompt tokens/s, {speed.tokens_per_second:.0f} answer tokens/s; "
        f"{speed.memory_bytes / 1e6:,.0f} MB of memory",
    ]
    return "\n".join(lines)


def _group_lines(title: str, groups: Mapping[str, Group]) -> list[str]:
    width = max([16, *map(len, groups)])
    heads = "".join(f"{head:>{_width(key)}}" for key, head in GROUP_COLUMNS.items())
    return [
        "",
        f"  {title:{width}}{'replies':>8}{heads}",
        *(
            f"  {name:{width}}{group.replies:>8}"
            + "".join(f"{_told(group, key):>{_width(key)}}" for key in GROUP_COLUMNS)
            for name, group in groups.items()
        ),
    ]


def _told(group: Group, key: str) -> str:
    """A group's share; the exact ones with their interval, as the terminal has no room for all."""
    if key == "exact":
        return percent_within(group.exact, group.intervals["exact"])
    return percent(getattr(group, key))


def _width(key: str) -> int:
    return 19 if key == "exact" else len(GROUP_COLUMNS[key]) + 3
