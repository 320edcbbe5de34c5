"""Judges careful readers: `python benchmarks/readers.py [--model FILE…] [--write]`.

What can be had at all: `readers/` holds replies that readers wrote who knew the pages of the language, the tools and
the style, 16 scenarios of the train split, and of each scenario asked about what stands before the reply. They
are judged as a model's answers are. Each FILE answers the same prompts, greedily and without the grammar, and is
compared with the readers, paired by scenario.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from loresmith.commands.questions import Questions
from loresmith.pipeline.project import Project
from loresmith.recipe.load import find_recipe, load_recipe
from loresmith.validate.answers import Answer, Prompt
from loresmith.validate.compare import Difference, compare
from loresmith.validate.evaluate import evaluate
from loresmith.validate.judgement import Judgement, judge
from loresmith.validate.metrics import METRICS
from loresmith.validate.score import scores_of
from loresmith.validate.text import percent, percent_within
from page import put_table

HERE = Path(__file__).resolve().parent
RECIPE = "gemma3-270m"
BEGIN, END = "<!-- readers: written by benchmarks/readers.py -->\n", "<!-- end of readers -->\n"
HEAD = (
    "| scenarios | who | replies | with a call | parse rate | same tools | exact call | against the readers | missed "
    "| false calls |",
    "|---|---|---|---|---|---|---|---|---|---|",
)
ASKED = {"others": Questions(folder=HERE / "others"), "test": Questions("test")}
EXACT = next(metric for metric in METRICS if metric.key == "exact")


def main() -> None:
    """Judge the readers, and the models beside them, and print the table; `--write` puts it into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    asked = parser.parse_args()
    root = HERE.parent
    project = Project(root, load_recipe(find_recipe(RECIPE, root)))
    rows = [row for name in ASKED for row in _rows(project, name, asked.model)]
    table = "\n".join([*HEAD, *rows, ""])
    print(table)
    if asked.write:
        put_table(BEGIN, END, table)


def _rows(project: Project, name: str, models: Sequence[Path]) -> list[str]:
    read = _read(project, name)
    prompts = [prompt for prompt, _ in read]
    readers = [judge(prompt, _answer(text), project.vocabulary) for prompt, text in read]
    rows = [_row(name, "readers", readers)]
    for model in models:
        tokens = project.recipe.validate_.max_new_tokens
        found = evaluate(
            model.name, model, prompts, project.vocabulary, tokens, 0, lambda _done: None, constrained=False
        )
        rows.append(_row(name, model.name, found.judgements, compare(found.judgements, readers, EXACT)))
    return rows


def _read(project: Project, name: str) -> list[tuple[Prompt, str]]:
    """The prompts that readers answered, each with the answer."""
    answered: dict[str, dict[str, str]] = json.loads(
        (HERE / "readers" / f"{name}.json").read_text(encoding="utf-8")
    )
    prompts: dict[str, list[Prompt]] = defaultdict(list)
    for prompt in ASKED[name].prompts(project):
        prompts[prompt.scenario].append(prompt)
    return [
        (prompts[scenario][int(number)], text)
        for scenario, answers in answered.items()
        for number, text in answers.items()
    ]


def _answer(text: str) -> Answer:
    return Answer(text=text, ended=True, tokens=0, timing=None, rendered="", rendered_ids=(), native="")


def _row(name: str, who: str, judged: Sequence[Judgement], against: Difference | None = None) -> str:
    scores = scores_of(judged)
    cells = (
        name, who, str(scores.replies), str(scores.replies_with_call), percent(scores.parsed),
        percent(scores.tool_match), percent_within(scores.exact, scores.intervals["exact"]),
        _told(against) if against else "", percent(scores.missed_call),
        percent_within(scores.false_call, scores.intervals["false_call"]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _told(against: Difference) -> str:
    if against.difference is None or against.interval is None:
        return against.verdict
    low, high = (100 * bound for bound in against.interval)
    return f"{100 * against.difference:+.1f} [{low:.0f}, {high:.0f}], {against.verdict}"


if __name__ == "__main__":
    main()
