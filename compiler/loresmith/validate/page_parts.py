"""The tables of the report's page, each as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loresmith.validate.fidelity import KINDS, Fidelity, Followed
from loresmith.validate.intervals import FEWEST
from loresmith.validate.judgement import FAILURES, Judgement
from loresmith.validate.metrics import METRICS
from loresmith.validate.page import wide_table
from loresmith.validate.score import GROUP_COLUMNS, Group, Scores
from loresmith.validate.speed import Speed
from loresmith.validate.text import percent, percent_within, within

EXAMPLES = 3
"""Examples shown of each kind of failure."""
_FILE_ROWS = (
    ("bytes", "bytes"),
    ("bits_per_weight", "bits a weight"),
    ("divergence", "mean KL divergence to f16 (nats)"),
    ("top1_agreement", "top-1 agreement with f16"),
)
_SPEED_ROWS = (
    ("prompt_tokens_per_second", "prompt tokens a second", ",.0f"),
    ("tokens_per_second", "answer tokens a second", ",.1f"),
    ("first_token_seconds", "seconds to the first token (median)", ".2f"),
    ("memory_bytes", "most memory held (bytes)", ",d"),
)
_COST_ROWS = (
    ("perplexity", "perplexity of the reference, a token", ".1f"),
    ("bits_per_byte", "bits a byte of the reference (compares different vocabularies too)", ".3f"),
)
_DISTINCT_ROWS = (("distinct_1", "different words"), ("distinct_2", "different pairs of words"))


Against = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The first model's paired differences from each other one, by what is compared."""


def score_table(scores: Mapping[str, Scores], against: Against) -> str:
    """Every metric of every model, with the verdicts of the first one against each other."""
    rows = "".join(
        f"<tr><td>{metric.label}<br><small>{metric.note}</small></td>"
        + "".join(_share(name, score, metric.key, against) for name, score in scores.items())
        + "</tr>"
        for metric in METRICS
    ) + "".join(
        f"<tr><td>{label}</td>"
        + "".join(f"<td class=n>{percent(getattr(score, key))}</td>" for score in scores.values())
        + "</tr>"
        for key, label in _DISTINCT_ROWS
    )
    first, counts = next(iter(scores.items()))
    note = (
        f"{counts.replies} replies, {counts.replies_with_call} of them with a call in the reference. "
        "In brackets 95% intervals over scenarios: by the bootstrap, of fewer than "
        f"{FEWEST} and where all are alike Wilson's"
        + (f"; below them whether {html.escape(first)} is better or worse, paired." if against else ".")
    )
    return f"{wide_table(_heads('A reply…', scores) + rows)}<p><small>{note}</small></p>"


def _heads(title: str, models: Iterable[str]) -> str:
    return f"<tr><th>{title}</th>{''.join(f'<th class=n>{html.escape(name)}</th>' for name in models)}</tr>"


def _share(name: str, score: Scores, key: str, against: Against) -> str:
    told = percent_within(getattr(score, key), score.intervals[key])
    return f"<td class=n>{told}{_verdict(name, key, against)}</td>"


def _verdict(name: str, key: str, against: Against) -> str:
    """What follows for the first model; nothing below itself."""
    return f"<br><small>{against[name][key]['verdict']}</small>" if name in against else ""


def fidelity_table(fidelity: Mapping[str, Fidelity], against: Against) -> str:
    """How each model finds the references: after true results and after opposite ones."""
    rows = "".join(
        f"<tr><td>{label}</td>"
        + "".join(_followed(name, getattr(found, kind), kind, against) for name, found in fidelity.items())
        + "</tr>"
        for kind, label in KINDS.items()
    )
    rows += "".join(
        f"<tr><td>{label}</td>"
        + "".join(f"<td class=n>{getattr(found, key):{form}}</td>" for found in fidelity.values())
        + "</tr>"
        for key, label, form in _COST_ROWS
    )
    note = "How often the reference's reply is likelier after the true result than after its opposite: half by chance."
    table = wide_table(_heads("The model…", fidelity) + rows)
    return f"<h2>Does it listen to results?</h2><p><small>{note}</small></p>{table}"


def _followed(name: str, told: Followed, kind: str, against: Against) -> str:
    share = f"{percent_within(told.share, told.interval)}<br><small>of {told.replies}</small>"
    return f"<td class=n>{share}{_verdict(name, kind, against)}</td>"


def failure_table(scores: Mapping[str, Scores]) -> str:
    """How many replies of each model failed in which way."""
    rows = "".join(
        f"<tr><td>{kind}</td>"
        + "".join(f"<td class=n>{score.failures[kind]}</td>" for score in scores.values())
        + "</tr>"
        for kind in FAILURES
    )
    return f"<h2>What went wrong</h2>{wide_table(_heads('Replies', scores) + rows)}"


def group_table(title: str, groups: Mapping[str, Group]) -> str:
    """The first model's shares for each tool or category with their intervals, the exact ones drawn as bars."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td class=n>{group.replies}</td>"
        + "".join(f"<td class=n>{_within(group, key)}</td>" for key in GROUP_COLUMNS)
        + f'<td style="width:20%"><span class=bar style="width:{(group.exact or 0) * 100:.0f}%"></span></td></tr>'
        for name, group in groups.items()
    )
    heads = "".join(f"<th class=n>{head}</th>" for head in GROUP_COLUMNS.values())
    head = f"<tr><th></th><th class=n>replies</th>{heads}<th></th></tr>"
    return f"<h2>{html.escape(title)}</h2>{wide_table(head + rows)}"


def _within(group: Group, key: str) -> str:
    """A share with its interval below it: six of them stand side by side."""
    share, bounds = getattr(group, key), group.intervals[key]
    return percent(share) + (f"<br><small>{within(bounds)}</small>" if bounds else "")


def confusion_table(confusion: Mapping[str, Mapping[str, int]]) -> str:
    """The reference's tools (rows) against the answer's (columns)."""
    told = sorted({tool for row in confusion.values() for tool in row})
    heads = "".join(f"<th class=n>{html.escape(tool)}</th>" for tool in told)
    rows = "".join(
        f"<tr><th>{html.escape(expected)}</th>"
        + "".join(_cell(expected, tool, row.get(tool, 0)) for tool in told)
        + "</tr>"
        for expected, row in confusion.items()
    )
    note = "Rows: the calls of the references. Columns: what the answers call instead; the same tool is paired first."
    head = f"<tr><th></th>{heads}</tr>"
    return f"<h2>Which tool for which</h2><p><small>{note}</small></p>{wide_table(head + rows)}"


def _cell(expected: str, told: str, count: int) -> str:
    kind = "" if not count else " hit" if expected == told else " miss"
    return f'<td class="n{kind}">{count or ""}</td>'


def failure_examples(judgements: Sequence[Judgement]) -> str:
    """The first few replies of each kind of failure, with what the model was shown."""
    parts = list[str]()
    for kind in FAILURES:
        examples = [judged for judged in judgements if judged.failure == kind][:EXAMPLES]
        if examples:
            parts.append(f"<h3>{kind}</h3>{''.join(_example(judged) for judged in examples)}")
    return f"<h2>Examples of failures</h2>{''.join(parts) or '<p>None.</p>'}"


def _example(judged: Judgement) -> str:
    expected = html.escape(" ".join(judged.expected) or "no call")
    return (
        f"<p><b>Player:</b> {html.escape(judged.player)}<br><b>Model:</b> {html.escape(judged.answer)}<br>"
        f"<b>Expected:</b> <code>{expected}</code>{_objections(judged)}</p>"
        f"<details><summary>the prompt</summary><blockquote>{html.escape(judged.scene)}</blockquote></details>"
    )


def files_table(files: Mapping[str, Mapping[str, Any]]) -> str:
    """Size and fidelity of each delivered file, as far as they are known."""
    known = [row for row in _FILE_ROWS if any(row[0] in file for file in files.values())]
    rows = "".join(
        f"<tr><td>{label}</td>"
        + "".join(f"<td class=n>{_fact(file.get(key, '–'))}</td>" for file in files.values())
        + "</tr>"
        for key, label in known
    )
    return f"<h2>The files</h2>{wide_table(_heads('', files) + rows)}"


def speed_table(speed: Mapping[str, Speed]) -> str:
    """How fast each model answered, and what it needed."""
    rows = "".join(
        f"<tr><td>{label}</td>"
        + "".join(f"<td class=n>{getattr(one, key):{shape}}</td>" for one in speed.values())
        + "</tr>"
        for key, label, shape in _SPEED_ROWS
    )
    note = (
        "Measured on the machine that judged, by the first scenario, which is asked alone; a phone is slower. A prompt "
        "that begins as the one before it is read only from where they part. The memory is the whole process's, the "
        "mapped file included."
    )
    return f"<h2>Speed</h2>{wide_table(_heads('', speed) + rows)}<p><small>{note}</small></p>"


def facts_table(facts: Mapping[str, Any]) -> str:
    """What the build was made of."""
    rows = "".join(
        f"<tr><td>{html.escape(str(k))}</td><td class=n>{html.escape(_fact(v))}</td></tr>"
        for k, v in facts.items()
    )
    return f"<h2>The build</h2><table>{rows}</table>"


def _fact(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def answers(name: str, judgements: Sequence[Judgement]) -> str:
    """Every answer of a model beside the reference."""
    rows = "".join(_answer_row(judgement) for judgement in judgements)
    table = f"<table><tr><th>Player</th><th>Reference</th><th>Model</th></tr>{rows}</table>"
    return f"<h2>Answers: {html.escape(name)}</h2><details><summary>all of them</summary>{table}</details>"


def _answer_row(judged: Judgement) -> str:
    good = judged.failure is None
    mark = '<span class="ok">same calls</span>' if good else f'<span class="no">{judged.failure}</span>'
    cells = (judged.player, judged.reference, judged.answer)
    quotes = "".join(f"<td><blockquote>{html.escape(cell)}</blockquote></td>" for cell in cells[:2])
    return f"<tr>{quotes}<td><blockquote>{html.escape(cells[2])}</blockquote>{mark}{_objections(judged)}</td></tr>"


def _objections(judged: Judgement) -> str:
    """Why calls can't be used, and why the engine refuses others."""
    unusable = {found.text.partition("]")[0] for found in judged.invalid}
    refused = (why for why in judged.refused or () if why.partition("]")[0] not in unusable)
    told = (*(found.text for found in judged.invalid), *refused)
    return "".join(f"<br><small>{html.escape(why)}</small>" for why in told)
