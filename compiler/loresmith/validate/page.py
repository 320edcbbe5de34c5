"""The report's page: one file that needs no network."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1c2733;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.4rem .6rem;
border-bottom:1px solid #d9dfe5;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
small{color:#5a6b7b}code{background:#f0f3f6;padding:.1rem .3rem;border-radius:3px}.ok{color:#14703c}.no{color:#a02020}
blockquote{margin:.2rem 0;padding-left:.7rem;border-left:3px solid #d9dfe5;white-space:pre-wrap}img{max-width:100%}
h2{margin-top:2.5rem}.wide{overflow-x:auto}.wide td.n{white-space:nowrap}p,li,blockquote{overflow-wrap:anywhere}
details{margin:.4rem 0}summary{cursor:pointer}.bar{display:inline-block;height:.7rem;background:#3b7dd8;
border-radius:2px}td.hit{background:#d9efe1}td.miss{background:#f8dede}
@media(max-width:40rem){body{margin:1rem auto}table{font-size:.85rem}th,td{padding:.35rem .4rem}}
@media(prefers-color-scheme:dark){body{background:#14191f;color:#dfe6ec}th,td{border-color:#2c3640}
code{background:#232c35}small{color:#93a4b3}.ok{color:#6fd39b}.no{color:#ff9a9a}blockquote{border-color:#2c3640}
td.hit{background:#173c28}td.miss{background:#472020}}
"""


def page(title: str, parts: Sequence[str], picture: bytes | None) -> str:
    """The page as HTML; `parts` are HTML, `picture` is a PNG of the losses."""
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f"{meta}<title>{html.escape(title)}</title><style>{_STYLE}</style>"
    shown = [parts[0], *_figure(picture), *parts[1:]]
    body = f"<h1>{html.escape(title)}</h1>{''.join(shown)}"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>\n"


def wide_table(rows: str) -> str:
    """A table of rows in HTML that scrolls by itself where the screen is narrower."""
    return f"<div class=wide><table>{rows}</table></div>"


def _figure(picture: bytes | None) -> list[str]:
    if picture is None:
        return []
    coded = base64.b64encode(picture).decode()
    return [f'<h2>Loss</h2><img alt="training and eval loss" src="data:image/png;base64,{coded}">']
