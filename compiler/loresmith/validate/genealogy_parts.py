"""The genealogy on the report's page, as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import groupby

from loresmith.deliver.genealogy import Ancestor, Earlier, Forebear, Genealogy
from loresmith.validate.page import wide_table
from loresmith.validate.text import percent

SHOWN_DIGITS = 12
"""Hex digits of a digest on the page; the JSON has them all."""


def genealogy_table(genealogy: Genealogy) -> str:
    """What the delivered files descend from, the adapters and the versions before them."""
    rows = "".join(_ancestor(ancestor, genealogy) for ancestor in genealogy.ancestors)
    head = "<tr><th>artefact</th><th>what it is</th><th>made of, checked with</th><th>digest</th></tr>"
    note = (
        f"Recipe {html.escape(genealogy.recipe)}, digest {_short(genealogy.recipe_digest)}; build "
        f"{_short(genealogy.build)}. A digest stands for the bytes; for a model file it is the file's sha256."
    )
    return (
        f"<h2>Genealogy</h2><p><small>{note}</small></p>{wide_table(head + rows)}{_makers(genealogy.ancestors)}"
        f"{_forebears(genealogy.forebears)}{_earlier(genealogy.earlier)}"
    )


def _ancestor(ancestor: Ancestor, genealogy: Genealogy) -> str:
    titles = {other.name: other.title for other in genealogy.ancestors}
    parents = ", ".join(html.escape(titles[name]) for name in ancestor.parents) or "–"
    models = [digest for name, digest in ancestor.files.items() if name.endswith(".gguf")]
    digest = models[0] if len(models) == 1 else ancestor.digest
    return (
        f"<tr><td>{html.escape(ancestor.title)}</td><td>{html.escape(ancestor.summary)}</td>"
        f"<td>{parents}</td><td>{_short(digest)}</td></tr>"
    )


def _makers(ancestors: Sequence[Ancestor]) -> str:
    """Which programs made which artefacts, in the order they were made; those of one set together."""
    lines = "".join(
        f"<li>{', '.join(html.escape(one.title) for one in made)}: {_programs(dict(programs))}</li>"
        for programs, made in groupby(ancestors, key=lambda one: tuple(one.made_with.items()))
    )
    return f"<h3>Made with</h3><ul>{lines}</ul>"


def _programs(programs: dict[str, str]) -> str:
    said = ", ".join(f"{name} {version}" for name, version in programs.items())
    return html.escape(said) or "not kept: made by a loresmith that didn't"


def _forebears(forebears: Sequence[Forebear]) -> str:
    if not forebears:
        return "<p>The adapter began from the base alone.</p>"
    rows = "".join(
        f"<tr><td>{_short(one.key)}</td><td>{_short(one.digest)}</td><td>{_short(one.dataset)}</td>"
        f"<td>{_short(one.recipe_digest)}</td><td class=n>{_loss(one.best_eval_loss)}</td></tr>"
        for one in forebears
    )
    head = "<tr><th>adapter</th><th>digest</th><th>dataset</th><th>recipe</th><th class=n>eval loss</th></tr>"
    return f"<h3>Adapters it began from</h3>{wide_table(head + rows)}"


def _earlier(earlier: Sequence[Earlier]) -> str:
    if not earlier:
        return "<p>No version of this recipe was delivered before.</p>"
    rows = "".join(
        f"<tr><td>{html.escape(one.version)}</td><td>{_short(one.build)}</td><td>{_short(one.dataset)}</td>"
        f"<td class=n>{one.train_scenarios:,}</td><td class=n>{_loss(one.best_eval_loss)}</td>"
        f"<td class=n>{percent(one.exact)}</td><td class=n>{one.bytes:,}</td></tr>"
        for one in earlier
    )
    head = (
        "<tr><th>version</th><th>build</th><th>dataset</th><th class=n>scenarios</th><th class=n>eval loss</th>"
        "<th class=n>exact</th><th class=n>bytes</th></tr>"
    )
    return f"<h3>Versions before this one</h3>{wide_table(head + rows)}"


def _short(digest: str | None) -> str:
    return f"<code>{html.escape(digest[:SHOWN_DIGITS])}</code>" if digest else "–"


def _loss(loss: float | None) -> str:
    return "–" if loss is None else f"{loss:.3f}"
