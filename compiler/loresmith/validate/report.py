"""The validation report: JSON for machines, one self-contained page for people."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loresmith.store.files import write_atomically
from loresmith.validate.score import Judgement, Scores

_ROWS = (
    ("call_found", "has a call by the app's pattern", "where the reference has one"),
    ("call_valid", "has a well-formed call", "found, and valid against the vocabulary"),
    ("tool_match", "calls the same tools", "any arguments"),
    ("exact", "makes exactly the same calls", "tool and arguments"),
    ("false_call", "has a call where none belongs", "lower is better"),
    ("ended", "stops by itself", "all replies"),
)
_FILE_ROWS = (
    ("bytes", "bytes"),
    ("bits_per_weight", "bits a weight"),
    ("divergence", "mean KL divergence to f16 (nats)"),
    ("top1_agreement", "top-1 agreement with f16"),
)
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2733;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.4rem .6rem;
border-bottom:1px solid #d9dfe5;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
small{color:#5a6b7b}code{background:#f0f3f6;padding:.1rem .3rem;border-radius:3px}.ok{color:#14703c}.no{color:#a02020}
blockquote{margin:.2rem 0;padding-left:.7rem;border-left:3px solid #d9dfe5;white-space:pre-wrap}img{max-width:100%}
@media(prefers-color-scheme:dark){body{background:#14191f;color:#dfe6ec}th,td{border-color:#2c3640}
code{background:#232c35}small{color:#93a4b3}.ok{color:#6fd39b}.no{color:#ff9a9a}blockquote{border-color:#2c3640}}
"""


def write_report(
    folder: Path,
    title: str,
    scores: Mapping[str, Scores],
    judgements: Mapping[str, Sequence[Judgement]],
    facts: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    curve: Path | None,
) -> None:
    """Write `report.json` and `report.html` into `folder`.

    `scores` and `judgements` are keyed by model, `files` by name with the values that _FILE_ROWS names.
    """
    content = {
        "title": title,
        "facts": dict(facts),
        "files": {name: dict(file) for name, file in files.items()},
        "scores": {name: score.model_dump() for name, score in scores.items()},
        "judgements": {name: [j.model_dump() for j in part] for name, part in judgements.items()},
    }
    write_atomically(folder / "report.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    write_atomically(folder / "report.html", _page(title, scores, judgements, facts, files, curve))


def _page(
    title: str,
    scores: Mapping[str, Scores],
    judgements: Mapping[str, Sequence[Judgement]],
    facts: Mapping[str, Any],
    files: Mapping[str, Mapping[str, Any]],
    curve: Path | None,
) -> str:
    parts = [f"<h1>{html.escape(title)}</h1>", _score_table(scores), _files_table(files), _facts_table(facts)]
    if curve:
        picture = base64.b64encode(curve.read_bytes()).decode()
        parts.append(f'<h2>Loss</h2><img alt="training and eval loss" src="data:image/png;base64,{picture}">')
    for name, part in judgements.items():
        parts.append(f"<h2>Answers: {html.escape(name)}</h2>{_answers_table(part)}")
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"{meta}<title>{html.escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n"


def _score_table(scores: Mapping[str, Scores]) -> str:
    heads = "".join(f"<th class=n>{html.escape(name)}</th>" for name in scores)
    rows = "".join(
        f"<tr><td>{label}<br><small>{note}</small></td>"
        + "".join(f"<td class=n>{percent(getattr(score, key))}</td>" for score in scores.values())
        + "</tr>"
        for key, label, note in _ROWS
    )
    counts = next(iter(scores.values()))
    note = f"{counts.replies} replies, {counts.replies_with_call} of them with a call in the reference."
    return f"<table><tr><th>A reply…</th>{heads}</tr>{rows}</table><p><small>{note}</small></p>"


def _files_table(files: Mapping[str, Mapping[str, Any]]) -> str:
    heads = "".join(f"<th class=n>{html.escape(name)}</th>" for name in files)
    rows = "".join(
        f"<tr><td>{label}</td>"
        + "".join(f"<td class=n>{_fact(file[key])}</td>" for file in files.values())
        + "</tr>"
        for key, label in _FILE_ROWS
    )
    return f"<h2>The files</h2><table><tr><th></th>{heads}</tr>{rows}</table>"


def _facts_table(facts: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(str(k))}</td><td class=n>{html.escape(_fact(v))}</td></tr>"
        for k, v in facts.items()
    )
    return f"<h2>The build</h2><table>{rows}</table>"


def _fact(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _answers_table(judgements: Sequence[Judgement]) -> str:
    rows = "".join(_answer_row(judgement) for judgement in judgements)
    return f"<table><tr><th>Player</th><th>Reference</th><th>Model</th></tr>{rows}</table>"


def _answer_row(judgement: Judgement) -> str:
    good = sorted(judgement.valid) == sorted(judgement.expected)
    mark = '<span class="ok">same calls</span>' if good else '<span class="no">other calls</span>'
    cells = (judgement.player, judgement.reference, judgement.answer)
    quotes = "".join(f"<td><blockquote>{html.escape(cell)}</blockquote></td>" for cell in cells[:2])
    objections = "".join(f"<br><small>{html.escape(text)}</small>" for text in judgement.invalid)
    return f"<tr>{quotes}<td><blockquote>{html.escape(cells[2])}</blockquote>{mark}{objections}</td></tr>"


def percent(share: float | None) -> str:
    """A share as people read it: `62%`, or a dash where there was nothing to judge."""
    return "–" if share is None else f"{share:.0%}"
